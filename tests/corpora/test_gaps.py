import math

import pytest

from helpers.corpora import tales
from helpers.corpora.gaps import fillings, log_prob_so_far

WORDS = tales.words(tales.stories(1, seed=3)[0])


def test_the_chances_of_all_fillings_sum_to_one_and_the_told_word_is_among_them():
    for place in range(0, 60, 7):
        found = fillings(WORDS[:64], place)
        assert math.isclose(sum(found.values()), 1)
        assert WORDS[place] in found


def test_without_a_right_side_it_is_the_next_word():
    for place in (5, 20, 33):
        found, following = fillings(WORDS[: place + 1], place), tales.next_words(tales.join(WORDS[:place]))
        assert found == pytest.approx(following)


def test_what_comes_after_never_adds_a_word_and_mostly_takes_some_away():
    sizes = [(len(fillings(WORDS, p)), len(tales.next_words(tales.join(WORDS[:p])))) for p in range(1, 80)]
    assert all(both <= left for both, left in sizes)
    assert sum(a < b for a, b in sizes) > 5


def test_every_way_to_fill_two_gaps_agrees_with_bayes_rule_by_hand():
    place = next(p for p in range(len(WORDS)) if len(fillings(WORDS, p)) > 1)
    found = fillings(WORDS, place)
    other = next(word for word in found if word != WORDS[place])
    swapped = [*WORDS[:place], other, *WORDS[place + 1 :]]
    ratio = math.exp(log_prob_so_far(swapped) - log_prob_so_far(WORDS))
    assert found[other] / found[WORDS[place]] == pytest.approx(ratio)


def test_a_whole_tale_has_the_storytellers_probability_but_for_its_end():
    listener = tales.next_words(tales.join(WORDS))
    assert log_prob_so_far(WORDS) + math.log(listener[tales.END]) == pytest.approx(tales.log_prob(tales.join(WORDS)))


def test_a_text_that_no_word_completes_is_refused():
    broken = [*WORDS[:20], "zebra"]
    with pytest.raises(ValueError, match="no word fits into the gap"):
        fillings(broken, 12)
