"""Each cleaner finds what was planted, says why, and leaves the rest alone; together they are a funnel that adds up."""

import random
from math import log

import pytest

from helpers.corpora import dirt, tales
from helpers.corpora.boilerplate import is_boilerplate, normal_line, shared_lines, trimmed
from helpers.corpora.cleaning import cleaning_steps
from helpers.corpora.contamination import leaks
from helpers.corpora.crawl import SOURCES, crawl
from helpers.corpora.detection import Share, detection
from helpers.corpora.foreign_sentences import foreign_text
from helpers.corpora.funnel import judged, judged_overall, removed, size, stages, true_copies
from helpers.corpora.language_identification import LanguageIdentifier, character_ngrams
from helpers.corpora.quality import RULES, reasons

CRAWL = crawl(1500, seed=23)  # a seed that no threshold was chosen on
RAW = dict(enumerate(CRAWL.documents))
STEPS = cleaning_steps(CRAWL.held_out)
STAGES = list(stages(RAW, STEPS))
GOOD = tales.stories(1, seed=0)[0]


# --- rules ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("A short note.", "too_short"),
        ("supercalifragilistic internationalisation " * 20, "strange_word_length"),
        ("is it a b or a c " * 4, "strange_word_length"),
        (GOOD.replace("e", "é#"), "many_symbols"),
        (GOOD + " 12" * 60, "many_words_without_letters"),
        ("Fox likes cake. Owl likes tea. " * 10, "no_stop_words"),
        ((GOOD + "\n") * 3, "repeated_lines"),
        (GOOD + " ha ha" * 60, "one_pair_of_words_everywhere"),
        (GOOD + " function() { return 1 }", "curly_brackets"),
    ],
)
def test_a_rule_says_why_it_refuses_a_text(text, rule):
    assert rule in reasons(text)
    assert reasons(text)[rule]


def test_the_reason_holds_the_number_it_is_about():
    assert RULES["too_short"]("one two three") == "3 words, fewer than 30"
    assert RULES["repeated_lines"]("a\na\nb\na") == "50% of the lines are copies, more than 30 %"


@pytest.mark.parametrize("name", SOURCES)
def test_good_texts_of_every_source_pass_every_rule(name):
    rng = random.Random(77)
    assert [text for text in (SOURCES[name].write(rng) for _ in range(60)) if reasons(text)] == []


# --- languages --------------------------------------------------------------------------------------------------


def test_naive_bayes_by_hand():
    identifier = LanguageIdentifier({"x": ["aab"], "y": ["bbb"]}, n=1, smoothing=1.0)
    # Kinds: a, b, and all that was never seen. p(a | x) = (2 + 1) / (3 + 3), p(a | y) = (0 + 1) / (3 + 3).
    assert identifier.surprise("a") == pytest.approx({"x": -log(3 / 6), "y": -log(1 / 6)})
    assert identifier.surprise("ab") == pytest.approx({"x": -log(3 / 6 * 2 / 6) / 2, "y": -log(1 / 6 * 4 / 6) / 2})
    assert identifier.language("aa") == "x"
    assert identifier.language("b") == "y"
    assert character_ngrams("A  b", 3) == ["a b"]


def test_languages_are_told_apart_by_texts_that_were_never_read():
    rng = random.Random(0)
    identifier = LanguageIdentifier(
        {
            "en": tales.stories(30, 1),
            "zh": tales.stories(30, 1, "zh"),
            **{k: [foreign_text(rng, k) for _ in range(20)] for k in ("de", "fr", "es")},
        }
    )
    for language in ("de", "fr", "es"):
        assert all(identifier.language(foreign_text(rng, language)) == language for _ in range(20))
    assert all(identifier.language(text) == "en" for text in tales.stories(20, 2))
    assert all(identifier.language(text) == "zh" for text in tales.stories(20, 2, "zh"))
    with pytest.raises(ValueError, match=r"at least one text, got \['de'\]"):
        LanguageIdentifier({"en": ["a"], "de": []})


def test_mashed_keys_surprise_in_every_language():
    rng = random.Random(0)
    identifier = LanguageIdentifier({"en": tales.stories(30, 1), "zh": tales.stories(30, 1, "zh")})
    usual = max(identifier.surprise(text)["en"] for text in tales.stories(30, 2))
    assert min(identifier.surprise(dirt.mashed_keys(GOOD, rng)).values()) > usual


# --- boilerplate ------------------------------------------------------------------------------------------------


def test_a_line_goes_if_it_is_no_sentence_or_stands_on_many_pages():
    pages = [f"Tale number {n} is about a fox.\nSubscribe to page {n} today!" for n in range(7)]
    pages[0] += "\nHome | About"
    shared = shared_lines([page.replace("number", chr(97 + i)) for i, page in enumerate(pages)], at_most=5)
    assert shared == {"subscribe to page 0 today"}
    assert is_boilerplate("Home | About", shared)
    assert not is_boilerplate("“你好。”", shared)
    assert trimmed(pages[0], shared) == "Tale number 0 is about a fox."
    assert normal_line("Page 12, of 345!") == "page 0 of 0"


def test_a_text_that_is_copied_often_is_no_boilerplate():
    assert shared_lines([GOOD] * 50) == set()


# --- leaks ------------------------------------------------------------------------------------------------------


def test_a_quotation_is_found_with_the_text_it_is_from():
    held_out = [f"{a} saw the old {b} near the river and ran home to tell it" for a, b in ("ab", "cd")]
    found = leaks(["nothing", f"He wrote: {held_out[1]}."], held_out, n=13)
    assert [(leak.document, leak.held_out) for leak in found] == [(1, 1)]
    assert found[0].n_shared == 14 - 13 + 1
    assert leaks([held_out[1]], held_out, n=13, at_least=2)
    assert not leaks([held_out[1]], held_out, n=13, at_least=3)


def test_a_run_that_many_documents_hold_is_a_way_of_speaking():
    held_out, n = ["one two three four five six"], 4
    assert len(leaks(held_out * 3, held_out, n, too_common=3)) == 3
    assert leaks(held_out * 4, held_out, n, too_common=3) == []


# --- the whole ----------------------------------------------------------------------------------------------------


def test_precision_and_recall_by_hand():
    found = detection(found={1, 2, 3, 4}, planted={1, 2, 7, 8, 9}, welcome={3})
    assert (found.precision, found.recall) == (Share(3, 4), Share(2, 5))
    assert found.recall.value == 0.4
    assert found.recall.error == pytest.approx((0.4 * 0.6 / 5) ** 0.5)
    assert detection(set(), {1}).precision.value != detection(set(), {1}).precision.value  # nan: nothing was found


BARS = {"boilerplate": (0.98, 0.98), "language": (0.95, 0.99), "quality": (0.85, 0.6), "near-duplicates": (0.99, 0.96),
        "leaks": (0.8, 0.75)}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.step)
def test_a_step_finds_what_it_is_for_and_little_else(stage):
    precision, recall = judged(stage)
    assert recall.n > 20
    assert precision.value >= BARS[stage.step][0], str(precision)
    assert recall.value >= BARS[stage.step][1], str(recall)


def test_a_language_that_the_identifier_never_read_is_refused_too():
    rng, language = random.Random(3), STEPS["language"]
    italian = {i: document.with_text(foreign_text(rng, "it")) for i, document in list(RAW.items())[:30]}
    assert language(italian) == {}


def test_all_steps_together_keep_almost_only_what_is_worth_keeping():
    precision, recall = judged_overall(RAW, STAGES[-1].after)
    assert precision.value > 0.97
    assert recall.value > 0.9


def test_what_the_funnel_removed_and_what_is_left_add_up_to_the_crawl():
    left = size(STAGES[-1].after)
    gone = [removed(stage) for stage in STAGES]
    for source, (n, words) in size(RAW).items():
        assert n == left[source].documents + sum(rows[source].documents for rows in gone)
        assert words == left[source].words + sum(rows[source].words for rows in gone)
        assert sum(rows[source].words for rows in gone) > 0


def test_cleaning_never_adds_a_document_or_a_line():
    last = STAGES[-1].after
    assert set(last) < set(RAW)
    assert all(set(d.text.split("\n")) <= set(RAW[i].text.split("\n")) for i, d in last.items())


def test_a_clean_crawl_passes_almost_untouched():
    clean = crawl(150, seed=24, shares={})
    raw = dict(enumerate(clean.documents))
    *_, last = stages(raw, STEPS)
    assert true_copies(raw) == set()
    assert len(last.after) >= 0.98 * len(raw)
