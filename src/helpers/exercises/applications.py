"""Checks for the chapter on applications."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from helpers.exercises.checking import Claim, called, check

Solve = Callable[..., Any]


@check
def check_mean_reciprocal_rank(solve: Solve) -> Iterator[Claim]:
    """`solve(found, right)` is the mean over questions of 1/place of the first right one, 0 if there is none."""
    found = [["a", "b", "c"], ["d", "e"], ["f"]]
    answer = float(called(solve, found, [{"a"}, {"e"}, {"x"}]))
    yield not math.isclose(answer, 0.75), "the question whose passage was not found counts, too, with 0"
    yield not math.isclose(answer, 2 / 3), "that is the recall: the second place is worth a half"
    yield not math.isclose(answer, 1.5), "that is the sum: divide by the number of questions"
    yield not math.isclose(answer, 1 / 3), "are places counted from 1? The second is worth 1/2, and the first 1"
    yield math.isclose(answer, 0.5), f"the ranks are 1, 1/2 and 0, their mean 0.5; got {answer:.3f}"
    two = float(called(solve, [["a", "b"]], [{"a", "b"}]))
    yield math.isclose(two, 1), f"if several are right, the first alone counts: 1, got {two:.3f}"


@check
def check_right_among_surest(solve: Solve) -> Iterator[Claim]:
    """`solve(confidence, is_right, coverage)` is the share of right ones among the surest cases."""
    confidence, is_right = [0.9, 0.1, 0.8, 0.4], [True, True, False, True]
    answer = float(called(solve, confidence, is_right, 0.5))
    yield not math.isclose(answer, 1), "sort by confidence first: the surest two are those with 0.9 and 0.8"
    yield not math.isclose(answer, 0.75), "that is the share of all four; only the surest half is to be counted"
    yield not math.isclose(answer, 0.25), "divide by the number of cases that were kept, not by all"
    yield math.isclose(answer, 0.5), f"of the surest two one is right: 0.5, got {answer:.3f}"
    up = float(called(solve, confidence, is_right, 0.6))
    yield math.isclose(up, 2 / 3), f"0.6 of four cases are 2.4, rounded up three, of which two are right; got {up:.3f}"
    least = float(called(solve, confidence, is_right, 0.0))
    yield math.isclose(least, 1), f"at least the surest one is kept, and it is right; got {least:.3f}"


@check
def check_next_letters(solve: Solve) -> Iterator[Claim]:
    """`solve(written, options)` is the set of letters that may follow, with "" if the word may end."""
    options = ["red", "green", "grey", "gold", "go"]
    answer = set(called(solve, "g", options))
    yield answer != {"r", "e", "o", "l", "d", "n", "y"}, "only the very next letter, not all that may come later"
    yield answer != {"g"}, "that is the letter just written: what comes after it?"
    yield "" not in answer, 'the word may not end here: "g" is no option'
    yield answer == {"r", "o"}, f'after "g" come r and o, got {answer}'
    ends = set(called(solve, "go", options))
    yield ends != {"l"}, '"go" is an option itself, so the word may also end: ""'
    yield ends == {"l", ""}, f'after "go" comes l, or the end "", got {ends}'
    yield set(called(solve, "x", options)) == set(), "if no option begins like this, nothing may follow"
    yield set(called(solve, "", options)) == {"r", "g"}, "before the first letter all first letters are open"


@check
def check_visitors_needed(solve: Solve) -> Iterator[Claim]:
    """`solve(p, q)` is the number of visitors in each group, by the rule of thumb, rounded up."""
    answer = float(called(solve, 0.03, 0.02))
    yield not math.isclose(answer, 39), "the difference is squared"
    yield not math.isclose(answer, 7800), "that is both groups together; give one"
    yield not math.isclose(answer, 160000), "multiply by p(1 - p) with the mean of the two shares for p"
    yield answer not in (4656, 3136), "take the mean of both shares for p, not one of them"
    yield answer == 3900, f"16 · 0.025 · 0.975 / 0.01² = 3900, got {answer:g}"
    yield called(solve, 0.02, 0.03) == 3900, "which of the two is larger must not matter"
    yield called(solve, 0.5, 0.37) == 233, "round up: 232.6 visitors are 233"


@check
def check_cited_answer(solve: Solve) -> Iterator[Claim]:
    """`solve(hits, read, margin)` is (answer, number) of the first passage with an answer, or (None, None)."""
    texts = {4: "red", 7: None, 2: "blue"}
    answer = tuple(called(solve, [(4, 8.0), (2, 6.0)], texts.get, 0.2))
    yield answer != ("red", 0), "cite the number of the passage, not its place in the list"
    yield answer != (None, None), "the first leads by (8 - 6)/8 = 0.25, which is enough for a margin of 0.2"
    yield answer == ("red", 4), f"passage 4 comes first and says red: ('red', 4), got {answer}"
    close = tuple(called(solve, [(4, 8.0), (2, 6.0)], texts.get, 0.3))
    yield close == (None, None), f"a lead of 0.25 is less than a margin of 0.3, so nothing is said; got {close}"
    behind = tuple(called(solve, [(7, 9.0), (2, 1.0)], texts.get, 0.5))
    yield behind == ("blue", 2), f"passage 7 has no answer: read on, and cite the one that has; got {behind}"
    yield tuple(called(solve, [], texts.get, 0.0)) == (None, None), "without hits there is nothing to cite"
    yield tuple(called(solve, [(2, 3.0)], texts.get, 0.9)) == ("blue", 2), "a single hit leads by its whole score"
    yield tuple(called(solve, [(7, 3.0)], texts.get, 0.0)) == (None, None), "if no passage answers, say nothing"
