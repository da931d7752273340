"""Sentences in two languages: one right translation each, known links, and a split that holds."""

import random
from itertools import islice
from statistics import mean

import pytest

from helpers.corpora import tales, translation
from helpers.corpora.tales import LEXICON


def test_no_held_out_sentence_is_ever_trained_on():
    seen = {p.text for p in translation.pairs(3000, seed=1)}
    kept = {p.text for p in translation.pairs(300, seed=2, held_out=True)}
    assert not seen & kept
    assert all(translation.is_held_out(p) for p in translation.pairs(20, seed=3, held_out=True))


def test_about_a_tenth_is_held_out():
    drawn = {p.text: p for p in islice(translation._draw(random.Random(4), frozenset(translation.SIMPLE)), 1500)}
    assert mean(map(translation.is_held_out, drawn.values())) == pytest.approx(translation.HELD_OUT_SHARE, abs=0.03)


def test_a_sentence_is_its_words_joined():
    drawn = {p.text for p in translation.pairs(2000, seed=4)} | {
        p.text for p in translation.pairs(2000, seed=4, held_out=True)
    }
    texts = [tales.join(tales.words(text)) for text in drawn]
    assert sorted(texts) == sorted(drawn)


def test_a_sentence_has_one_translation():
    translations: dict[str, tuple[str, ...]] = {}
    for pair in translation.pairs(4000, seed=5):
        assert translations.setdefault(pair.text, pair.chinese) == pair.chinese


def test_the_pairs_are_what_the_tales_say_in_both_languages():
    told = "".join(chinese for _, chinese in tales.parallel(400, seed=0))
    frames = {p.frame for p in translation.pairs(300, seed=6)}
    assert frames == set(translation.SIMPLE)
    opening = next(p for p in translation.pairs(300, seed=6) if p.frame == "open" and p.english[0] == "Once")
    assert "".join(opening.chinese)[:2] in told


def test_links_lead_from_a_name_to_the_same_name():
    n_links = 0
    for pair in translation.pairs(500, seed=7):
        for word, places in zip(pair.chinese, pair.links, strict=True):
            for key, forms in LEXICON["zh"].items():
                if forms[""] == word and places:
                    assert {pair.english[place].lower() for place in places} == {key.lower()}
                    n_links += 1
    assert n_links > 1000


def test_a_pronoun_may_be_read_off_a_name_and_a_name_is_never_read_off_a_pronoun():
    pair = next(p for p in translation.pairs(500, seed=8) if p.english[:5] == ("This", "is", "the", "story", "of"))
    pronoun = next(i for i, word in enumerate(pair.chinese) if word in "他她")
    assert [pair.english[place] for place in pair.links[pronoun]] == [pair.english[5]]
    home = next(p for p in translation.pairs(500, seed=8) if p.english[1:3] == ("lived", "near"))
    assert [home.english[place] in ("He", "She", "his", "her") for place in home.links[0]] == [True, True]


def test_articles_belong_to_the_frame():
    pair = next(p for p in translation.pairs(500, seed=9) if p.frame == "open" and "Once" in p.english)
    assert pair.english[6] not in {pair.english[place] for places in pair.links for place in places}


def test_the_vocabulary_holds_every_word():
    words = set(translation.vocabulary())
    assert all({*p.english, *p.chinese} <= words for p in translation.pairs(2000, seed=10))
    assert len(words) == len(translation.vocabulary())


def test_every_frame_of_the_simple_set_settles_its_translation():
    english, chinese = (tales.teller(language).edition for language in ("en", "zh"))
    for frame in translation.SIMPLE:
        for a, b in zip(english.templates[frame], chinese.templates[frame], strict=True):
            fields = [[part for part in t.parts if not isinstance(part, str)] for t in (a, b)]
            assert translation.settles_chinese(*fields)
    unsettled = [[p for p in e.templates["joy"][1].parts if not isinstance(p, str)] for e in (english, chinese)]
    assert not translation.settles_chinese(*unsettled)


def test_an_unknown_frame_is_refused():
    with pytest.raises(ValueError, match="nonsense"):
        translation.pairs(1, frames=["nonsense"])
