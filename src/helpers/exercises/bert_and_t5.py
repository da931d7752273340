"""Checks for the section on BERT and T5."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from helpers.exercises.checking import Claim, called, check

Solve = Callable[..., Any]


@check
def check_target_length(solve: Solve) -> Iterator[Claim]:
    """`solve(n)` is how many tokens T5 must write, marks included, for a text of n tokens."""
    answer = called(solve, 80)
    yield answer != 12, "those are the words that were cut; each span has a mark in front of it"
    yield answer != 4, "that is the number of spans; the words themselves are written too"
    yield answer != 16, "almost: after the last span one more mark says that nothing is missing"
    yield answer != 72, "that is the length of the source, the words that were kept and the marks"
    yield answer == 17, f"80 tokens lose 12, in 4 spans: 17 to write, got {answer}"
    yield called(solve, 512) == 104, "right at 80 tokens, wrong at 512: round the words cut, then the spans of these"


@check
def check_weigh(solve: Solve) -> Iterator[Claim]:
    """`solve(left, right)` is the probability of each word in the gap, by Bayes' rule."""
    left, right = {"she": 0.5, "he": 0.3, "it": 0.2}, {"she": 0.6, "he": 0.2, "it": 0.0}
    answer = called(solve, dict(left), dict(right))
    yield isinstance(answer, dict) and answer.keys() >= {"she", "he"}, f"a dict from word to probability, got {answer}"
    total = sum(answer.values())
    yield not math.isclose(total, 0.36), "those are the products; divide by their sum, so that they sum to one"
    yield math.isclose(total, 1), f"the probabilities of all words in the gap sum to one, got {total:.3f}"
    is_mean = math.isclose(answer["she"], (0.5 + 0.6 / 0.8) / 2)
    yield not is_mean, "both sides must be true at once: multiply, do not average"
    yield not math.isclose(answer["she"], 0.75), "the left side is missing: how likely was each word to begin with?"
    yield math.isclose(answer["she"], 0.3 / 0.36), f"'she' has 0.3 of 0.36, got {answer['she']:.3f}"
    yield answer.get("it", 0.0) == 0, "a word that the right side excludes has no probability left"


@check
def check_restore(solve: Solve) -> Iterator[Claim]:
    """`solve(source, target, marks)` is the text whose spans were cut."""
    marks = [90, 91, 92]
    answer = called(solve, [1, 90, 4, 91], [90, 2, 3, 91, 5, 92], marks)
    yield not set(answer) & set(marks), "a mark is left in the text: its span takes its place"
    yield answer != [1, 4, 2, 3, 5], "the spans stand at the end: each belongs in the place of its own mark"
    yield answer != [1, 5, 4, 2, 3], "the spans are exchanged: go by the mark, not by the order from the end"
    yield answer == [1, 2, 3, 4, 5], f"the text is 1 2 3 4 5, got {answer}"
    swapped = called(solve, [91, 7, 90], [90, 1, 91, 2, 92], marks)
    yield list(swapped) == [2, 7, 1], "marks need not come in order in the source: look each one up"


@check
def check_whole_words(solve: Solve) -> Iterator[Claim]:
    """`solve(pieces, chosen)` are the places of all pieces of the words that a chosen piece belongs to."""
    pieces = ["a", "yel", "##low", "um", "##brel", "##la"]
    answer = called(solve, list(pieces), {0, 4})
    yield answer != [0, 4], "only the chosen pieces: the other pieces of the word give it away"
    yield answer != [0, 4, 5], "the word begins before the chosen piece: go left to the piece without ##"
    yield answer != [0, 3, 4], "the word goes on after the chosen piece, as long as pieces begin with ##"
    yield list(answer) == [0, 3, 4, 5], f"'a' and the three pieces of 'umbrella': 0, 3, 4, 5; got {answer}"
    yield list(called(solve, list(pieces), {1})) == [1, 2], "a chosen first piece brings along the rest of its word"


@check
def check_generation(solve: Solve) -> Iterator[Claim]:
    """`solve(n_parameters)` is the table's generation of a model of this size."""
    yield called(solve, 68_976_648_192) == 3, "Llama 2 70B lies between 10 and 100 billion: the third bin"
    yield called(solve, 109_482_240) == 2, "BERT-base has more than 100 million parameters, whatever the table says"
    yield called(solve, 60_506_624) == 1, "T5-small has 60 million parameters: the first bin, and bins count from 1"
    yield called(solve, 174_604_259_328) == 4, "GPT-3 has more than 100 billion parameters: the fourth bin"
    yield called(solve, 10**10) == 3, "a limit belongs to the bin above it: compare with >=, not with >"
