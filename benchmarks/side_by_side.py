"""Several pieces of work timed in turns, so that a busy machine slows all of them alike."""

import statistics
from collections.abc import Callable, Mapping

import torch

from helpers.runtime import Stopwatch

# glibc hands large pieces of memory back to the system, and having them again can cost more than the work that is
# timed. Once a piece of this size was freed, it keeps such pieces, for both sides of a comparison.
torch.ones(7_500_000)


def median_seconds(works: Mapping[str, Callable[[], object]], n_rounds: int = 7) -> dict[str, float]:
    """The median time of each after one round to warm up; ratios hold on a noisy machine, absolute times do not."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for round_ in range(n_rounds + 1):
        for name, work in works.items():
            with Stopwatch() as watch:
                work()
            if round_:
                seconds[name].append(watch.seconds)
    return {name: statistics.median(times) for name, times in seconds.items()}
