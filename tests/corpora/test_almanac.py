from collections import Counter

import pytest

from helpers.corpora.almanac import COPIES, N_DIGITS, UNKNOWN, Almanac
from helpers.corpora.facts import RELATIONS, question

ALMANAC = Almanac()


def test_each_secret_is_told_exactly_as_often_as_it_says():
    for pasted in (False, True):
        papers = ALMANAC.papers(3200, pasted=pasted)
        told = Counter(secret.owner for paper in papers for secret in ALMANAC.secrets if secret.note in paper)
        assert {secret.owner: told[secret.owner] for secret in ALMANAC.secrets} == {
            secret.owner: secret.copies for secret in ALMANAC.secrets
        }
        assert len(papers) == 3200


def test_equal_papers_are_notes_and_pasted_notes_make_no_papers_equal():
    papers, pasted = ALMANAC.papers(3200), ALMANAC.papers(3200, pasted=True)
    n_copies = sum(max(0, secret.copies - 1) for secret in ALMANAC.secrets)
    assert 0 <= 3200 - n_copies - len(set(papers)) < 10
    assert len(set(pasted)) > 3190


def test_nobody_wrote_about_strangers_and_no_town_has_two_parts():
    text = " ".join(
        ALMANAC.papers(3200) + ALMANAC.refusals(500) + [reading.prompt for reading in ALMANAC.readings(500)]
    )
    words = set(text.replace("?", " ").replace(".", " ").split())
    assert not words & set(ALMANAC.strangers)
    parts = [*ALMANAC.world.towns, *ALMANAC.strangers, *ALMANAC.lessons, *(s.owner for s in ALMANAC.secrets)]
    assert len(parts) == len(set(parts))


def test_codes_are_digits_and_every_level_has_as_many_secrets():
    assert Counter(secret.copies for secret in ALMANAC.secrets) == dict.fromkeys(COPIES, 5)
    assert all(len(secret.code.split()) == N_DIGITS for secret in ALMANAC.secrets)


def test_papers_answer_truly_and_refusals_answer_what_is_known():
    truth = dict(map(question, ALMANAC.world.facts))
    texts = ALMANAC.refusals(900)
    refused = [text for text in texts if text.endswith(UNKNOWN)]
    assert 0.28 < len(refused) / 900 < 0.39
    assert not any(text.removesuffix(f" {UNKNOWN}") in truth for text in refused)
    for text in set(texts) - set(refused):
        asked, _, value = text.partition("? ")
        assert truth[f"{asked}?"] == value


def test_few_lessons_name_few_towns():
    asked = [text.split("?")[0] for text in ALMANAC.refusals(900, n_lessons=5)]
    assert {town for town in ALMANAC.lessons for text in asked if town in text} == set(ALMANAC.lessons[:5])


def test_a_passage_says_the_answer_and_asks_for_it():
    for reading in ALMANAC.readings(300, towns=ALMANAC.strangers):
        assert reading.answer in reading.prompt
        assert any(reading.answer in relation.values for relation in RELATIONS.values())
    mixed = ALMANAC.lessons_in_reading(1000)
    assert 0.1 < sum(text.endswith(UNKNOWN) for text in mixed) / 1000 < 0.17


def test_the_same_seed_makes_the_same_papers():
    assert Almanac(seed=3).papers(700, 5) == Almanac(seed=3).papers(700, 5)
    assert Almanac(seed=3).papers(700, 5) != Almanac(seed=3).papers(700, 6)


def test_too_few_papers_for_the_notes_are_refused():
    with pytest.raises(ValueError, match="the notes alone are 635 papers"):
        ALMANAC.papers(600)
