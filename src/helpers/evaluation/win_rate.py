"""Win rate: in what share of the prompts is one policy's answer better than another's?

It asks less of a judge than a score: only which of two answers is better. Answers are compared prompt by prompt,
since prompts differ more than policies do.

Convention: a tie is half a win. The interval is Wilson's, which stays inside 0 to 1 and holds its promise for small
samples; with ties it is a little too wide.
Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

Z_95 = 1.959964  # so many standard errors to either side hold 95 % of a normal distribution


class WinRate(NamedTuple):
    """The share of prompts that were won, the ends of its 95 % interval, its standard error, and how many prompts."""

    value: float
    low: float
    high: float
    error: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.1%} (95 % from {self.low:.1%} to {self.high:.1%}, {self.n} prompts)"


def win_rate(ours: Sequence[float], theirs: Sequence[float]) -> WinRate:
    """How often our answer scored higher than theirs to the same prompt, by a reward or any judge's marks."""
    if len(ours) != len(theirs):
        raise ValueError(f"answers are compared prompt by prompt, got {len(ours)} of ours and {len(theirs)} of theirs")
    return share_won([0.5 if a == b else float(a > b) for a, b in zip(ours, theirs, strict=True)])


def share_won(outcomes: Sequence[float]) -> WinRate:
    """The same from a judge's verdicts: 1 is a win, 0 a loss, 0.5 a tie.

    With several answers to a prompt give their mean: comparisons of one prompt are not independent.
    """
    n = len(outcomes)
    if not n or not all(0 <= outcome <= 1 for outcome in outcomes):
        raise ValueError(f"each outcome is from 0 (lost) to 1 (won), and there is at least one, got {list(outcomes)}")
    p = math.fsum(outcomes) / n
    low, high = wilson_interval(p, n)
    deviation = math.sqrt(math.fsum((outcome - p) ** 2 for outcome in outcomes) / max(n - 1, 1))
    return WinRate(p, low, high, deviation / math.sqrt(n), n)


def wilson_interval(share: float, n: int, z: float = Z_95) -> tuple[float, float]:
    """All true shares from which the observed one is at most z standard errors away.

    So it solves (share − p)² = z² p (1 − p) / n for p.
    """
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
