import doctest
import random

from helpers.corpora import verse


def test_couplets_keep_both_rules():
    rng = random.Random(0)
    assert all(verse.keeps_rules(*verse.couplet(rng)) == (True, True) for _ in range(200))


def test_each_rule_can_be_broken_alone():
    first = "the little fox sat by the moon"
    assert verse.keeps_rules(first, "the small fox sat by the spoon") == (False, True)
    assert verse.keeps_rules(first, "the little fox sat by the star") == (True, False)
    assert verse.keeps_rules(first, first) == (True, False)  # the same word is no rhyme
    assert verse.keeps_rules(first, "the great big fox sat by the spoon") == (False, True)  # not a word of verses
    assert verse.keeps_rules(first, "") == (False, False)


def test_lines_that_mind_no_rule_seldom_keep_both():
    rng = random.Random(1)
    kept = [all(verse.keeps_rules(verse.couplet(rng)[0], verse.free_line(rng))) for _ in range(2000)]
    assert sum(kept) / len(kept) < 0.05


def test_no_word_has_two_rhymes():
    words = [word for words in verse.RHYMES for word in words]
    assert len(words) == len(set(words))


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(verse).failed == 0
