import doctest
import random

import pytest

from helpers.corpora import deduction


def followed(problem):
    """The end, found by following the rules."""
    rules, kind = dict(problem.rules), problem.chain[0]
    while kind in rules:
        kind = rules[kind]
    return kind


@pytest.mark.parametrize("depth", range(1, deduction.DEEPEST + 1))
def test_following_the_rules_leads_to_the_answer_in_as_many_steps_as_the_depth(depth):
    problem = deduction.deduction(random.Random(depth), depth)
    assert followed(problem) == problem.answer
    assert problem.worked.count(" is ") == depth
    assert len(problem.rules) == deduction.N_CHAINS * depth


def test_ends_alone_do_not_give_the_answer_away():
    problem = deduction.deduction(random.Random(0), 4)
    ends = {b for _, b in problem.rules} - {a for a, _ in problem.rules}
    assert len(ends) == deduction.N_CHAINS
    assert problem.answer in ends


def test_only_the_result_counts():
    problem = deduction.deduction(random.Random(1), 2)
    assert deduction.is_right(problem, problem.answer)
    assert deduction.is_right(problem, problem.worked)
    assert not deduction.is_right(problem, problem.chain[0])
    assert not deduction.is_right(problem, problem.worked + " and more")


def test_a_depth_that_the_kinds_cannot_fill_is_refused():
    with pytest.raises(ValueError, match="from 1 to 7, got 8"):
        deduction.deduction(random.Random(0), 8)


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(deduction).failed == 0
