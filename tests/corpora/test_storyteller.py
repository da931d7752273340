"""The engine on toy grammars that can be worked out by hand."""

import math
import random

import pytest

from helpers.corpora.storyteller import END, AmbiguousGrammar, Census, Edition, Plot, Story, Teller, World, scene

LEXICON = {
    "Ann": {"": "Ann", "he": "she"}, "Bob": {"": "Bob", "he": "he"}, "Cid": {"": "Cid", "he": "he"},
    "red": {"": "red"}, "blue": {"": "blue"},
}  # fmt: skip
NAMES, COLOURS = ("Ann", "Bob", "Cid"), ("red", "blue")


def edition(**frames: tuple[str, ...]) -> Edition:
    return Edition(frames, LEXICON, {"name": NAMES, "colour": COLOURS}, str.split, " ")


def plot_of(weights: dict[str, float], slots: dict[str, tuple[str, ...]]) -> Plot:
    @scene()
    def only(w: World) -> Story:
        yield weights, slots

    return Plot([only])


@scene("colour")
def _begin(w: World) -> Story:
    yield {"begin": 1}, {"name": NAMES, "colour": COLOURS}


@scene("colour")
def _go_on(w: World) -> Story:
    # red stories are longer and more varied than blue ones
    yield {"run": 3, "sleep": 1} if w["colour"] == "red" else {"sleep": 1}, {}


TOY = Plot([_begin, _go_on])
TOY_EDITION = edition(
    begin=("{name} is {colour} .", "a {colour} one , {name} ."),
    run=("{name.he} runs far .",),
    sleep=("{name} sleeps .",),
)


def log_prob(text: str) -> float:
    teller, total = Teller(TOY, TOY_EDITION), 0.0
    for word in text.split():
        total += math.log(teller.dist()[word])
        teller.push(word)
    assert teller.dist() == {END: 1.0}
    return total


def test_a_text_s_probability_is_the_product_of_its_choices():
    assert log_prob("Ann is red . she runs far .") == pytest.approx(math.log(1 / 3 * 1 / 2 * 1 / 2 * 3 / 4))
    assert log_prob("a blue one , Cid . Cid sleeps .") == pytest.approx(math.log(1 / 3 * 1 / 2 * 1 / 2))


def test_the_census_equals_a_sum_over_every_story_written_out():
    rng = random.Random(0)
    every = {TOY.tell(rng, TOY_EDITION) for _ in range(2000)}
    p = {text: math.exp(log_prob(text)) for text in every}
    assert sum(p.values()) == pytest.approx(1)
    census = Census(TOY, TOY_EDITION).totals()
    assert census.stories == len(every) == 18
    assert census.entropy == pytest.approx(-sum(q * math.log(q) for q in p.values()))
    assert census.mean_words == pytest.approx(sum(q * len(text.split()) for text, q in p.items()))
    assert census.longest == max(len(text.split()) for text in every)


def test_two_frames_with_the_same_text_are_refused():
    teller = Teller(plot_of({"one": 1, "two": 1}, {}), edition(one=("it rains .",), two=("it rains .",)))
    teller.push("it")
    teller.push("rains")
    with pytest.raises(AmbiguousGrammar, match=r"prefix code.*one.*two"):
        teller.push(".")


def test_a_text_that_another_text_begins_with_is_refused():
    teller = Teller(plot_of({"one": 1}, {}), edition(one=("it rains", "it rains hard")))
    with pytest.raises(AmbiguousGrammar):
        list(teller.texts())
    sound = Teller(plot_of({"one": 1}, {}), edition(one=("it rains .", "it rains hard .")))
    assert len(list(sound.texts())) == 2


def test_a_filling_that_leaves_no_trace_in_the_text_is_refused():
    by_pronoun = Teller(plot_of({"one": 1}, {"name": NAMES}), edition(one=("{name.he} runs .",)))
    with pytest.raises(AmbiguousGrammar):  # Bob or Cid?
        list(by_pronoun.texts())
    with pytest.raises(AmbiguousGrammar, match="every paraphrase"):
        Teller(plot_of({"one": 1}, {"name": NAMES}), edition(one=("{name} runs .", "somebody runs .")))


def test_a_fact_that_steers_the_plot_without_being_declared_is_noticed():
    @scene("colour")
    def begin(w: World) -> Story:
        yield {"begin": 1}, {"name": NAMES, "colour": COLOURS}

    @scene()
    def forgetful(w: World) -> Story:
        yield {"run": 1} if w["colour"] == "red" else {"sleep": 1}, {}

    with pytest.raises(KeyError, match="colour"):
        Census(Plot([begin, forgetful]), TOY_EDITION).totals()


def test_a_word_that_no_story_says_raises_and_leaves_the_teller_where_it_was():
    teller = Teller(TOY, TOY_EDITION)
    teller.push("Ann")
    before = teller.dist()
    with pytest.raises(KeyError):
        teller.push("sleeps")
    assert teller.dist() == before
