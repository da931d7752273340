"""The storyteller in the page predicts exactly what helpers.corpora.tales predicts."""

import json
import math
import random
import re
from functools import cache
from typing import Any

import pytest

from helpers import checkpoints
from helpers.corpora import tales
from helpers.corpora.tales import END
from helpers.corpora.tales_frames import FRAMES
from helpers.widgets.tales_grammar import tales_grammar
from tests.widgets.javascript import run_module

SEEDS = range(700, 900)  # between them these stories say every sentence
STORIES = [tales.tale(random.Random(seed)) for seed in SEEDS]

MAKE = """
import { makeStoryteller } from "{static}/tales.js";
const [grammar, given] = process.argv.slice(1).map((text) => JSON.parse(text));
const storyteller = makeStoryteller(grammar);
"""
NEXT_WORDS = """
console.log(JSON.stringify(given.map(([text, ends]) => ends.map((end) => storyteller.nextWords(text.slice(0, end))))));
"""
CHAIN = """
console.log(JSON.stringify(given.map((tokens) => {
  let text = "", logProb = 0;
  for (const token of tokens) {
    logProb += Math.log(storyteller.after(text).share(token));
    text += token;
  }
  return logProb + Math.log(storyteller.after(text).ends);
})));
"""
QUESTIONS = """
const views = {
  nextWords: (teller, text) => teller.nextWords(text),
  firstImpossible: (teller, text) => teller.firstImpossible(text),
  isTale: (teller, text) => teller.after(text) !== null,
  share: (teller, text, string) => teller.after(text)?.share(string),
  best: (teller, text, n) => teller.after(text)?.best(n),
  ends: (teller, text) => teller.after(text)?.ends,
};
const teller = (isFresh) => isFresh ? makeStoryteller(grammar) : storyteller;
const [isFresh, questions] = given;
console.log(JSON.stringify(questions.map(([view, ...rest]) => views[view](teller(isFresh), ...rest) ?? null)));
"""


def ask(*questions: tuple, is_fresh: bool = False) -> list[Any]:
    """The answers of one storyteller, or of a fresh one for each question."""
    return run_module(MAKE + QUESTIONS, tales_grammar(), [is_fresh, questions])


def ends_of_words(told: tuple[str, ...]) -> list[int]:
    """How many characters the first 0, 1, ... words of a text take."""
    return [len(tales.join(told[:n])) for n in range(len(told) + 1)]


@cache
def listen(told: tuple[str, ...]) -> tuple[float, dict[str, float]]:
    """The probability that a tale begins with these words, and of what can follow."""
    teller, p = tales.teller(), 1.0
    for word in told:
        share = teller.dist().get(word, 0.0)
        if share == 0 or word == END:
            return 0.0, {}
        p *= share
        teller.push(word)
    return p, teller.dist()


def starts(text: str) -> float:
    """The probability that a tale begins with exactly these characters, from the words but the last."""
    known = tuple(tales.words(text))
    if not text.endswith(" "):
        known = known[:-1]
    before = tales.join(known)
    if not text.startswith(before):
        return 0.0
    p, share = listen(known)
    pieces = {word: tales.join([*known, word])[len(before) :] for word in share if word != END}
    return p * sum(share[word] for word, piece in pieces.items() if piece.startswith(text[len(before) :]))


def test_next_words_equal_those_of_the_library_at_every_word_of_200_stories():
    compared = 0
    for start in range(0, len(STORIES), 40):
        group = STORIES[start : start + 40]
        asked = [(tale.text, ends_of_words(tale.words)) for tale in group]
        for tale, answer in zip(group, run_module(MAKE + NEXT_WORDS, tales_grammar(), asked), strict=True):
            teller = tales.teller()
            for word, found in zip([*tale.words, END], answer, strict=True):
                share = teller.dist()
                assert dict(found).keys() == share.keys()
                assert max(abs(p - share[known]) for known, p in found) < 1e-12, word
                assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)
                compared += 1
                if word != END:
                    teller.push(word)
    assert compared == sum(len(tale.words) + 1 for tale in STORIES)


def test_these_stories_say_every_sentence_and_take_every_turn():
    said = {
        sentence.frame for seed in SEEDS for sentence in tales.PLOT.record(random.Random(seed), tales._edition("en"))[1]
    }
    assert said == set(FRAMES)
    worlds = [tale.world for tale in STORIES]
    assert {(w["trait"], w["helped"]) for w in worlds} == {(trait, h) for trait in tales.HELPS for h in ("yes", "no")}
    assert {w["trait"] for w in worlds if w["crisis"] == "theft"} == set(tales.HELPS)
    assert {(w["weather"], w["crisis"]) for w in worlds} >= {("windy", "wind"), ("rainy", "storm"), ("foggy", "storm")}


def test_a_share_is_the_probability_of_these_characters():
    rng = random.Random(1)
    vocabulary = [" fox", "a", "n", '"', '?"', " ", ". The", "the", "<end>", "'s", ", ", "\n", "s", "ed", " A"]
    questions = []
    for tale in STORIES[:90]:
        cut = rng.randrange(len(tale.text))
        text = tale.text[:cut]
        questions += [("share", text, tale.text[cut : cut + n]) for n in (1, 2, 3, 5, 9, 14)]
        questions += [("share", text, rng.choice(vocabulary)) for _ in range(3)]
    shares = []
    for n in range(0, len(questions), 270):
        shares += ask(*questions[n : n + 270])
    for (_, text, string), share in zip(questions, shares, strict=True):
        assert share == pytest.approx(starts(text + string) / starts(text), rel=1e-9, abs=1e-15), (text, string)
    assert sum(0 < share < 1 for share in shares) > 100


def test_the_shares_of_a_storys_tokens_multiply_to_its_probability():
    tokenizer = checkpoints.load("gpt-tales")[1]
    group = STORIES[:30]
    tokens = [[tokenizer.decode([i]) for i in tokenizer.encode(tale.text)] for tale in group]
    assert any(re.fullmatch(r'[?!.,]+"', token) for story in tokens for token in story)  # one token, two marks
    assert any(not re.match(r"[ \W]", token) for story in tokens for token in story[1:])  # a token inside a word
    for tale, log_prob in zip(group, run_module(MAKE + CHAIN, tales_grammar(), tokens), strict=True):
        assert log_prob == pytest.approx(tales.log_prob(tale.text), abs=1e-9)


def test_all_ways_on_have_the_share_that_is_named_and_together_make_one():
    rng = random.Random(2)
    texts = [tale.text[: rng.randrange(len(tale.text) + 1)] for tale in STORIES[:60]]
    lists = ask(*[("best", text, 1000) for text in texts])
    questions, expected = [], []
    for text, found in zip(texts, lists, strict=True):
        assert sum(p for _, p in found) == pytest.approx(1, abs=1e-12)
        assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)
        strings = [string for string, _ in found]
        assert len(set(strings)) == len(strings)
        # A way such as " a" is also the beginning of another such as " an".
        questions += [("share", text, string) for string in strings]
        expected += [sum(p for way, p in found if way.startswith(string)) for string in strings]
    assert ask(*questions) == pytest.approx(expected, abs=1e-12)
    assert ask(("best", "Once upon", 1), ("best", "", 2)) == [[[" a", 1]], [["Once", 0.25], ["This", 0.25]]]


def test_two_marks_in_one_token_count_as_one_after_the_other():
    tale = next(tale for tale in STORIES if '?"' in tale.text)
    text = tale.text[: tale.text.index('?"')]
    both, first, second = ask(("share", text, '?"'), ("share", text, "?"), ("share", text + "?", '"'))
    assert 0 < both == pytest.approx(first * second, abs=1e-12)


def test_a_whole_word_may_be_the_beginning_of_a_longer_one():
    text = "Once upon a time there was a"
    found, n, fox = ask(("best", text, 9), ("share", text, "n"), ("share", text + "n honest", " fox"))
    assert found[0] == ["n", 0.25]  # two of eight traits, honest and impatient, ask for "an"
    assert [" kind", 0.125] in found
    assert n == 0.25
    assert fox == pytest.approx(1 / 12)


def test_half_a_word_goes_on_as_the_words_that_fit():
    inside, nothing = ask(
        ("best", "Once upon a time there was a ki", 5), ("nextWords", "Once upon a time there was a ki")
    )
    assert inside == [["nd", 1]]
    assert nothing is None


def test_a_wrong_word_is_found_where_the_library_finds_it():
    rng = random.Random(3)
    wrong, expected = [], []
    for tale in STORIES:
        place = rng.randrange(len(tale.words) - 1)
        told = [*tale.words[:place], rng.choice(tales.vocabulary()), *tale.words[place + 1 :]]
        text = tales.join(told)
        try:
            tales.word_log_probs(text)
        except ValueError as error:
            number, word = re.search(r"word (\d+) is ['\"](.*?)['\"], but", str(error)).groups()
            wrong.append(text)
            expected.append({"position": len(tales.join(told[: int(number) - 1])), "word": word})
    assert len(wrong) > 150
    for start in range(0, len(wrong), 50):
        part = wrong[start : start + 50]
        views = ("firstImpossible", "isTale", "nextWords")
        answers = ask(*[(view, text) for view in views for text in part])
        assert answers == [*expected[start : start + 50], *[False] * len(part), *[None] * len(part)]


def test_what_is_no_tale_is_named():
    named = {
        "Once upon every": (9, "every"),
        "Once upon a timely": (11, "timely"),
        "Once  upon a time": (4, "  upon"),  # the word could stand here, so the spaces are wrong
        "Once upon  ": (9, "  "),
        " Once": (0, " Once"),
        "once": (0, "once"),
        "Once upon 🦊🦊": (9, "🦊"),
        "🦊": (0, "🦊"),
        "从前": (0, "从"),
        "\n": (0, "\n"),
        "<end>": (0, "<"),
        "constructor": (0, "constructor"),
        "Do you know __proto__": (11, "_"),
        "Do you know Anna , the": (16, " ,"),
    }
    expected = [{"position": position, "word": word} for position, word in named.values()]
    assert ask(*[("firstImpossible", text) for text in named]) == expected
    assert ask(*[("isTale", text) for text in named]) == [False] * len(named)


def test_beginnings_of_tales_have_no_impossible_word():
    texts = ["", "O", "Once upon a ", *(tale.text[:cut] for tale in STORIES[:5] for cut in (7, 100, 333))]
    assert ask(*[("firstImpossible", text) for text in texts]) == [None] * len(texts)
    assert ask(*[("isTale", text) for text in texts]) == [True] * len(texts)


def test_a_space_at_the_end_says_nothing_to_the_next_words():
    with_space, without = ask(("nextWords", "Do you know Anna, the "), ("nextWords", "Do you know Anna, the"))
    assert with_space == without


def test_a_told_story_is_over():
    for text in (tale.text for tale in STORIES[:3]):
        answers = ask(("nextWords", text), ("ends", text), ("best", text, 3), ("share", text, END))
        assert answers == [[[END, 1]], 1, [[END, 1]], 1]
        others = ("share", text, "<"), ("share", text, " And"), ("share", text, ""), ("ends", text[:-1])
        assert ask(*others) == [0, 0, 1, 0]
        assert ask(("share", text[:-1], text[-1] + END)) == pytest.approx([1])
        assert ask(("firstImpossible", text + " And")) == [{"position": len(text), "word": "And"}]


def test_an_answer_does_not_depend_on_what_was_asked_before():
    rng = random.Random(5)
    texts = ["Once upon a time there was a kind", "Once upon a time there was an", "Once upon a time there was a"]
    for tale in STORIES[:6]:
        texts += [tale.text[: rng.randrange(len(tale.text))] for _ in range(8)]
        texts.append(tale.text[:300] + " wrong")
    asked = [(view, text, *more) for text in texts for view, *more in (("nextWords",), ("best", 5), ("share", " the"))]
    asked += [("firstImpossible", text) for text in texts]
    expected = ask(*asked, is_fresh=True)
    assert ask(*asked) == expected
    order = rng.sample(range(len(asked)), len(asked))
    assert ask(*[asked[i] for i in order]) == [expected[i] for i in order]


def test_the_grammar_is_small_plain_english_data():
    text = json.dumps(tales_grammar(), separators=(",", ":"))
    assert len(text) < 30_000
    assert text.isascii()
    assert "\\u" not in text
    assert math.isclose(sum(tales_grammar()["solved_by"]["no"].values()), 1)
