"""Checks for the chapter on impact."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from helpers.exercises.checking import Claim, called, check

Solve = Callable[..., Any]


def near(answer: float, wanted: float) -> bool:
    """Equal but for rounding."""
    return math.isclose(answer, wanted, rel_tol=1e-6, abs_tol=1e-9)


@check
def check_risks(solve: Solve) -> Iterator[Claim]:
    """`solve(confidences, is_wrong)` is, for 1, 2, … answers, the share of wrong ones among the surest so many."""
    answer = list(called(solve, [0.3, 0.9, 0.6, 0.8], [True, False, False, True]))
    yield len(answer) == 4, f"four questions give four shares, got {len(answer)}"
    yield answer != [1.0, 0.5, 1 / 3, 0.5], "that is the order in which they were asked: sort by confidence first"
    yield answer != [1.0, 0.5, 2 / 3, 0.5], "the surest comes first: sort downwards"
    yield answer != [0, 0.25, 0.25, 0.5], "divide by how many are answered, not by how many were asked"
    yield (
        all(map(near, answer, [0, 0.5, 1 / 3, 0.5])),
        f"0.9 is right, 0.8 wrong, 0.6 right, 0.3 wrong: 0, 1/2, 1/3, 1/2; got {answer}",
    )


@check
def check_amplified(solve: Solve) -> Iterator[Claim]:
    """`solve(p, t)` is the share of the likelier of two words at temperature t, if it has p at temperature 1."""
    answer = called(solve, 0.8, 0.5)
    yield not near(answer, 0.64), "0.8 squared is only half of the work: the two shares must sum to 1 again"
    yield not near(answer, 2 / 3), "the exponent is 1/t: a low temperature sharpens"
    yield near(answer, 16 / 17), f"odds of 4 : 1 become 16 : 1 at temperature 0.5, so 16/17; got {answer:.4f}"
    yield near(called(solve, 0.8, 1.0), 0.8), "temperature 1 changes nothing"
    yield near(called(solve, 0.5, 0.1), 0.5), "where there is no tendency there is nothing to amplify"


@check
def check_p_value(solve: Solve) -> Iterator[Claim]:
    """`solve(n_green, n, share)` is how often a coin throws at least so many green tokens."""
    answer = called(solve, 9, 10, 0.5)
    yield not near(answer, 10 / 1024), "that is exactly nine: at least nine means nine or ten"
    yield not near(answer, 1 / 1024), "that is more than nine: at least nine includes nine"
    yield not near(answer, 1023 / 1024), "that is at most nine: add up from the other end"
    yield near(answer, 11 / 1024), f"ten ways for nine and one for ten, of 1,024: 0.0107; got {answer:.4f}"
    yield near(called(solve, 1, 2, 0.25), 7 / 16), "with a share of 1/4, two tokens are both red 9 times in 16"
    yield near(called(solve, 0, 5, 0.25), 1), "at least none is certain"


@check
def check_length_needed(solve: Solve) -> Iterator[Claim]:
    """`solve(green, share, z)` is how many tokens a text needs until its expected z score is at least z."""
    answer = called(solve, 0.75, 0.5, 4)
    yield answer != 8, "z grows with the root of the length: square"
    yield answer != 256, "divide by the variance's share: multiply by share × (1 − share)"
    yield answer == 64, f"(0.75 − 0.5) √n / √0.25 = 4 for n = 64; got {answer}"
    yield called(solve, 0.6, 0.5, 3) == 225, "with 0.6 green, z = 3 takes 225 tokens"
    yield called(solve, 0.8, 0.5, 4) == 45, "44.4 tokens are not enough: round up"


@check
def check_interval(solve: Solve) -> Iterator[Claim]:
    """`solve(a, b)` is the 95 per cent confidence interval of mean(a) − mean(b), by the normal distribution."""
    a, b = [4.0, 6.0, 8.0, 10.0], [1.0, 3.0, 5.0, 7.0]
    answer = called(solve, a, b)
    yield len(answer) == 2, f"an interval has two ends, got {answer}"
    low, high = answer
    yield near((low + high) / 2, 3), f"its middle is the difference of the means, 3; got {(low + high) / 2:.3f}"
    half, error = (high - low) / 2, math.sqrt(2 * (20 / 3) / 4)
    yield not near(half, error), "that is one standard error to each side: 95 per cent take 1.96 of them"
    yield not near(half, 1.96 * math.sqrt(2 * 20 / 3)), "divide each variance by its number of people"
    yield not near(half, 1.96 * math.sqrt(20 / 3 / 4)), "both groups are uncertain: add their variances"
    yield not near(half, 1.96 * math.sqrt(2 * 5 / 4)), "the variance of a sample divides by n − 1"
    yield abs(half - 1.96 * error) < 1e-3, f"it reaches {1.96 * error:.3f} to each side, got {half:.3f}"


@check
def check_carbon(solve: Solve) -> Iterator[Claim]:
    """`solve(gpu_hours, watts, grams_per_kwh, overhead)` is a run's emission in tonnes."""
    answer = called(solve, 1e6, 400, 500, 1.0)
    yield not near(answer, 200_000), "a kilowatt has a thousand watts, and a tonne a million grams"
    yield not near(answer, 200_000_000), "that is in grams: a tonne has a million"
    yield near(answer, 200), f"400,000 kWh at 500 g are 200 t; got {answer}"
    yield near(called(solve, 1e6, 400, 500, 1.2), 240), "an overhead of 1.2 is a fifth more energy for cooling"
