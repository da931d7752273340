"""The learning rate matters more than any other number, and a few short runs find it.

Too low, and little is learned in the time; too high, and the loss does not settle or explodes. Between the two lies a
flat valley, and its high end is the place to be in a short run.

Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186, section 3.3, lets one
run's rate grow; here each rate has a run of its own, as in Wortsman et al. 2023, arXiv:2309.14322, section 2.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from statistics import fmean
from typing import NamedTuple

import torch

from helpers.training.divergence import stopped_if_diverging
from helpers.training.loop import Record


class Trial(NamedTuple):
    """One rate's run: its losses, and their mean over the last tenth of its steps; infinite if it diverged."""

    lr: float
    loss: float
    has_diverged: bool
    losses: list[float]


def learning_rate_sweep(
    run: Callable[[float], Iterable[Record]], rates: Iterable[float], seed: int = 0
) -> Iterator[Trial]:
    """What the same short run comes to at each rate; one that diverges is stopped, and the next begins.

    `run(lr)` makes a fresh model and gives the records of its training; every one begins with the same `seed`, so the
    rate is all that differs. The best is `min(trials, key=lambda trial: trial.loss)`.
    """
    for lr in rates:
        yield trial(run, lr, seed)


def trial(run: Callable[[float], Iterable[Record]], lr: float, seed: int) -> Trial:
    """One rate of a sweep; torch's own chance is afterwards where it was."""
    losses: list[float] = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        try:
            losses.extend(record["loss"] for record in stopped_if_diverging(run(lr)))
        except FloatingPointError:  # a loss that is no number is the end of a run as well
            return Trial(lr, math.inf, True, losses)
    if not losses:
        raise ValueError(f"a rate is judged by its losses, and run({lr:g}) gave no record")
    return Trial(lr, fmean(losses[-max(1, len(losses) // 10) :]), False, losses)
