"""Checks for the chapter on scaling and prompting."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.evaluation.scaling_law import ScalingLaw
from helpers.exercises.checking import Claim, called, check

Solve = Callable[..., Any]


@check
def check_training_operations(solve: Solve) -> Iterator[Claim]:
    """`solve(n_parameters, n_tokens)` is the number of operations of a training run."""
    answer = called(solve, 10.0, 100.0)
    yield answer != 2000, "that is the forward pass; going backward costs twice as much again"
    yield answer != 4000, "that is the backward pass; the forward pass is missing"
    yield answer != 1000, "each parameter and token costs more than one operation: two forward, four backward"
    yield math.isclose(answer, 6000), f"10 parameters and 100 tokens cost 6,000 operations, got {answer}"
    chinchilla = called(solve, 70e9, 1.4e12)
    yield math.isclose(chinchilla, 5.88e23), f"Chinchilla took 5.88e23 operations, got {chinchilla:.3g}"


@check
def check_tokens_needed(solve: Solve) -> Iterator[Claim]:
    """`solve(law, n_parameters, loss)` is how many tokens a model of this size needs to reach the loss."""
    law = ScalingLaw(0.3, 10.0, 0.5, 2.0, 0.5)
    answer = called(solve, law, 1e4, 0.6)
    yield not math.isclose(answer, (2 / 0.5) ** 2), "what the model's size costs is missing: a / N^alpha"
    yield not math.isclose(answer, (2 / 0.3) ** 2), "the floor and a / N^alpha both come off; only one of them did"
    yield not math.isclose(answer, 10, rel_tol=1e-6), "that is D to the power beta: take the root"
    yield not math.isclose(answer, 0.01, rel_tol=1e-6), "upside down: D^beta is b over what is left"
    yield math.isclose(answer, 100, rel_tol=1e-6), f"with 0.2 nats left for 2 / √D, D is 100; got {answer}"
    never = called(solve, law, 1e4, 0.35)
    yield never == math.inf, f"on endless text this model stays at 0.4, so 0.35 takes math.inf tokens, got {never}"
    other = ScalingLaw(0.34, 70.0, 0.5, 900.0, 0.6)
    there = called(solve, other, 1e5, other.loss(1e5, 3e6))
    yield math.isclose(there, 3e6, rel_tol=1e-6), "right at beta = 0.5, wrong at beta = 0.6: which root is taken?"


@check
def check_expected_exact_match(solve: Solve) -> Iterator[Claim]:
    """`solve(probabilities)` is how often a drawn answer is right in all of its tokens."""
    uneven = torch.tensor([[1.0, 1.0], [0.5, 0.0]])
    answer = called(solve, uneven)
    is_mean = math.isclose(float(answer), 0.625)
    yield not is_mean, "that is how often one token is right; all tokens of an answer must be"
    is_power = math.isclose(float(answer), 0.75 * 0.5) or math.isclose(float(answer), 0.625**2)
    yield not is_power, "the mean over answers comes last: multiply within each answer first"
    yield float(answer) <= 1, f"a probability is at most 1, got {answer}: within an answer they multiply"
    yield math.isclose(float(answer), 0.5), f"one answer is always right, the other never: 0.5, got {answer}"
    even = float(called(solve, torch.full((3, 10), 0.95)))
    yield math.isclose(even, 0.95**10, rel_tol=1e-4), f"ten tokens at 0.95 are all right with 0.599, got {even:.3f}"


@check
def check_best_accuracy(solve: Solve) -> Iterator[Claim]:
    """`solve(n_shots, n_symbols)` is the accuracy of the best possible reader."""
    answer = called(solve, 1, 8)
    yield not math.isclose(answer, 1 / 8), "that is how often it was shown; if it was not, a guess can still be right"
    yield not math.isclose(answer, 2 / 8), "the guess counts only where the symbol was not shown"
    yield not math.isclose(answer, 7 / 64), "that is the guess alone; the times when the symbol was shown are missing"
    yield math.isclose(answer, 1 / 8 + 7 / 64), f"after one example of eight symbols it is 0.234, got {answer:.3f}"
    none = called(solve, 0, 8)
    yield math.isclose(none, 1 / 8), f"without examples the best is a guess among eight, got {none:.3f}"
    many = called(solve, 8, 8)
    yield not math.isclose(many, 1.0), "eight draws need not show all eight symbols: some come twice"
    yield math.isclose(many, 1 - (7 / 8) ** 9), f"after eight examples it is {1 - (7 / 8) ** 9:.3f}, got {many:.3f}"


@check
def check_induction(solve: Solve) -> Iterator[Claim]:
    """`solve(ids)` says what followed the last earlier place with the same two tokens, else the same one, else None."""
    answer = called(solve, [1, 2, 5, 3, 2, 4, 1, 2])
    yield answer != 4, "that followed the last 2 alone; the pair 1 2 stood earlier, and comes first"
    yield answer != 2, "match the tokens at the end of the list, 1 2, and say what stands behind the match"
    yield answer == 5, f"after 1 2 came 5, got {answer}"
    latest = called(solve, [1, 2, 5, 1, 2, 6, 1, 2])
    yield latest != 5, "that is the first match; the last one counts"
    yield latest == 6, f"the last time 1 2 stood together, 6 followed; got {latest}"
    single = solve([9, 2, 4, 3, 2])
    yield single == 4, f"no pair 3 2 stood earlier, so the single 2 decides: 4, got {single}"
    yield solve([1, 2, 3]) is None, "3 is new, so nothing can be looked up: None"
    yield solve([3]) is None, "one token has no past: None"
