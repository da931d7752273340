"""The tales are exactly known: every way to compute a probability gives the same number."""

import math
import random
from collections import Counter

import pytest

from helpers.corpora import tales
from helpers.corpora.tales import END, LANGUAGES, POOLS

TALES = {language: [tales.tale(random.Random(seed), language) for seed in range(120)] for language in LANGUAGES}
WORLDS = [tales.tale(random.Random(seed)).world for seed in range(1000, 3000)]
BOTH = pytest.mark.parametrize("language", LANGUAGES)


def standard_error(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))


@BOTH
def test_the_chain_rule_over_next_words_gives_log_prob(language: str):
    for tale in TALES[language][:2]:
        total = 0.0
        for i, word in enumerate([*tale.words, END]):
            share = tales.next_words(tales.join(tale.words[:i], language), language)
            assert sum(share.values()) == pytest.approx(1, abs=1e-12)
            total += math.log(share[word])
        assert total == pytest.approx(tales.log_prob(tale.text, language), abs=1e-9)
        assert total == pytest.approx(sum(tales.word_log_probs(tale.text, language)), abs=1e-9)


@BOTH
def test_probabilities_after_any_word_sum_to_one(language: str):
    for tale in TALES[language][:20]:
        teller = tales.teller(language)
        for word in tale.words:
            assert sum(teller.dist().values()) == pytest.approx(1, abs=1e-12)
            teller.push(word)
        assert teller.dist() == {END: 1.0}


def test_the_sampled_mean_of_minus_log_prob_agrees_with_the_entropy():
    nats = [-tales.log_prob(text) for text in tales.stories(2000, seed=1)]
    assert abs(sum(nats) / len(nats) - tales.entropy()) < 4 * standard_error(nats)


def test_the_sampled_length_agrees_with_the_expected_length():
    for language in LANGUAGES:
        lengths = [float(len(tale.words)) for tale in TALES[language]]
        assert abs(sum(lengths) / len(lengths) - tales.mean_words(language)) < 4 * standard_error(lengths)
        assert max(lengths) <= tales.longest(language)


def test_a_plot_has_the_same_probability_in_english_and_in_chinese():
    for english, chinese in tales.parallel(60, seed=2):
        assert tales.log_prob(english) == pytest.approx(tales.log_prob(chinese, "zh"), abs=1e-9)


def test_both_languages_tell_the_same_world():
    for english, chinese in zip(*TALES.values(), strict=True):
        assert english.world == chinese.world
        assert english.text != chinese.text


def test_the_fast_sampler_tells_the_same_stories_as_the_full_one():
    for language in LANGUAGES:
        rng = random.Random(7)
        assert tales.stories(50, 7, language) == [tales.tale(rng, language).text for _ in range(50)]


@BOTH
def test_joining_the_words_of_a_tale_gives_its_text_back(language: str):
    for text in tales.stories(1000, 3, language):
        assert tales.join(tales.words(text, language), language) == text


def test_the_longest_known_word_never_reaches_across_a_boundary_in_chinese():
    listened = 0
    for tale in TALES["zh"][:40]:
        teller = tales.teller("zh")
        rest = tale.text
        while rest:  # the teller parts the text without help from `words`
            fitting = [word for word in teller.dist() if rest.startswith(word)]
            teller.push(max(fitting, key=len))
            rest = rest[len(max(fitting, key=len)) :]
            listened += 1
        assert teller.finished
    assert listened == sum(len(tale.words) for tale in TALES["zh"][:40])


@BOTH
def test_the_vocabulary_is_what_tales_say_and_nothing_else(language: str):
    said = Counter(word for text in tales.stories(1500, 4, language) for word in tales.words(text, language))
    assert set(said) == set(tales.vocabulary(language))


def test_a_text_that_is_no_tale_has_probability_zero():
    text = TALES["en"][0].text
    hero = TALES["en"][0].world["hero"]
    other = next(name for name in POOLS["hero"] if name not in TALES["en"][0].world.values())
    cut, last_swapped = text[: text.rindex(" ")], text[::-1].replace(hero[::-1], other[::-1], 1)[::-1]
    assert last_swapped != text
    for wrong in ["", "The sky is blue.", cut, last_swapped, text + " " + text, text.replace(". ", ".  ", 1)]:
        assert tales.log_prob(wrong) == -math.inf
    assert tales.log_prob(text, "zh") == -math.inf
    assert tales.log_prob(text) > -100


def test_an_impossible_prefix_is_told_which_word_cannot_stand_there():
    with pytest.raises(ValueError, match=r"word 3 is 'every'.*after 'Once upon'.*'a'"):
        tales.next_words("Once upon every")
    with pytest.raises(ValueError, match=r"word 1 is 'Hello'.*at the beginning"):
        tales.next_words("Hello")
    with pytest.raises(ValueError, match="the end"):
        tales.word_log_probs("Once upon a time")
    with pytest.raises(ValueError, match=r"word \d+ is 'And'.*<end>"):
        tales.next_words(TALES["en"][0].text + " And")
    with pytest.raises(ValueError, match="language must be one of"):
        tales.stories(1, language="fr")


def test_a_prefix_may_end_with_a_space_or_without():
    assert tales.next_words("Once upon a time ") == tales.next_words("Once upon a time")


@BOTH
def test_a_mention_spells_its_filling(language: str):
    lexicon = tales.LEXICON[language]
    for tale in TALES[language]:
        for mention in tale.mentions:
            assert tale.text[mention.start : mention.end] == lexicon[mention.value][""] or (
                tale.text[mention.start : mention.end].lower() == lexicon[mention.value][""]
            )
            assert tale.world[mention.slot] == mention.value


@BOTH
def test_every_filling_that_a_text_says_is_covered_by_a_mention(language: str):
    slots = ("hero", "kind", "thing", "colour", "spot", "home", "giver", "thief")
    fillings = {tales.LEXICON[language][key][""] for slot in slots for key in POOLS[slot]}
    for tale in TALES[language]:
        spelled = [tale.text[m.start : m.end] for m in tale.mentions]
        assert Counter(w for w in tale.words if w in fillings) == Counter(w for w in spelled if w in fillings)


@BOTH
def test_a_slot_is_chosen_once_and_recalled_ever_after(language: str):
    for tale in TALES[language]:
        chosen = Counter(m.slot for m in tale.mentions if m.first)
        assert set(chosen.values()) == {1}
        for slot in chosen:
            assert next(m for m in tale.mentions if m.slot == slot).first


@BOTH
def test_a_recall_is_determined_by_the_world_and_a_first_mention_is_not(language: str):
    """Among the words that could fill the slot, a recall leaves one that belongs to it."""
    unsure_first = 0
    for tale in TALES[language][:30]:
        shares, teller = [], tales.teller(language)
        for word in tale.words:
            shares.append(teller.dist())
            teller.push(word)
        for m in tale.mentions:
            share = shares[len(tales.words(tale.text[: m.start], language))]
            known = {tale.world[slot] for slot in tale.world if tale.world[slot] in POOLS[m.slot]}
            strangers = [tales.LEXICON[language][key][""] for key in POOLS[m.slot] if key not in known]
            possible = sum(share.get(word, 0) + share.get(word.capitalize(), 0) for word in strangers)
            if m.first:
                unsure_first += possible > 0
            elif m.slot not in ("hero", "friend", "helper", "stranger"):
                assert possible == 0, (m, tale.text)
    assert unsure_first > 30 * 5


@BOTH
def test_no_two_derivations_of_a_sentence_give_one_text(language: str):
    """Every text of every choice that comes up in some tales: `texts` refuses all but a prefix code."""
    checked: set[frozenset[str]] = set()
    for tale in TALES[language]:
        teller, under_way = tales.teller(language), {}
        for word in tale.words:
            frames = frozenset(h.frame for h in teller.hypotheses)
            if teller.options is not under_way and frames not in checked:
                checked.add(frames)
                assert sum(1 for _ in teller.texts()) >= len(frames)
            under_way = teller.options
            teller.push(word)
    assert len(checked) > 30


def test_there_are_more_than_a_million_million_stories():
    assert tales.n_stories() > 10**12


@BOTH
def test_the_longest_tale_fits_in_two_hundred_words(language: str):
    assert tales.longest(language) < 200


def test_five_thousand_stories_hold_no_duplicate():
    texts = tales.stories(5000, seed=5)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("trait", ["kind", "shy", "proud"])
def test_a_trait_decides_how_often_the_hero_helps(trait: str):
    helped = [float(w["helped"] == "yes") for w in WORLDS if w["trait"] == trait]
    p = tales.HELPS[trait]
    assert abs(sum(helped) / len(helped) - p) < 4 * math.sqrt(p * (1 - p) / len(helped))


def test_who_helped_is_helped_more_often():
    worlds = [w for w in WORLDS if w["crisis"] != "storm"]
    for helped, expected in tales.SOLVED_BY.items():
        found_by = Counter(w["found_by"] for w in worlds if w["helped"] == helped)
        for who, p in expected.items():
            n = found_by.total()
            assert abs(found_by[who] / n - p) < 4 * math.sqrt(p * (1 - p) / n)


def test_half_of_the_stories_recall_each_main_fact_and_few_recall_the_rare_ones():
    recalled = Counter(slot for tale in TALES["en"] for slot in {m.slot for m in tale.mentions if not m.first})
    for slot in ("hero", "friend", "thing", "colour", "spot"):
        assert recalled[slot] > 0.8 * len(TALES["en"])
    for slot in ("giver", "goal", "home"):
        assert recalled[slot] > 0.4 * len(TALES["en"])
    for slot in ("thief", "stranger_kind"):
        assert 0 < recalled[slot] < 0.2 * len(TALES["en"])


def test_english_articles_and_pronouns_agree():
    for tale in TALES["en"]:
        for article, noun in zip(tale.words, tale.words[1:], strict=False):
            if article in ("a", "an"):
                assert (article == "an") == (noun[0] in "aeiou" or noun == "honest"), (article, noun)
        girls = tale.world["hero"] in POOLS["hero"][:8]
        if all((tale.world[s] in POOLS["hero"][:8]) == girls for s in ("friend", "stranger")):
            wrong = {"he", "He", "his", "His", "him"} if girls else {"she", "She", "her", "Her"}
            giver_is_she = tale.world["giver"] in ("grandmother", "aunt", "mother", "sister")
            if giver_is_she == girls:
                assert not wrong & set(tale.words), tale.text
