"""What a randomised trial can see: how likely it is to notice an effect of a given size.

Two groups of `n` people, one with the tool and one without; an effect is measured in standard deviations of the
outcome. The difference of two means has the standard error √(2/n), and the test rejects beyond 1.96 of them.

Convention: a two-sided test at level 0.05 with the normal approximation, good from some thirty people a group on.
Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2.
"""

import math
from statistics import NormalDist


def power(effect: float, n: int, level: float = 0.05) -> float:
    """The share of trials with `n` people a group that find an effect of `effect` standard deviations significant."""
    if n < 2:
        raise ValueError(f"a group needs at least 2 people to show how much they differ, got {n=}")
    normal, seen = NormalDist(), effect * math.sqrt(n / 2)
    limit = normal.inv_cdf(1 - level / 2)
    return normal.cdf(seen - limit) + normal.cdf(-seen - limit)


def smallest_effect(n: int, wanted: float = 0.8, level: float = 0.05) -> float:
    """The effect that `n` people a group show with probability `wanted`, in standard deviations."""
    if not level < wanted < 1:
        raise ValueError(f"the power is above the level and below 1, got {wanted=} and {level=}")
    low, high = 0.0, 1.0
    while power(high, n, level) < wanted:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle, n, level) < wanted else (low, middle)
    return high
