"""A run that goes wrong says so early: its loss rises far above the best it had, and stays there.

Losses jump about from batch to batch, and a spike of a few steps heals by itself. So the level of the loss is the
median of its last 5 values, "far above" is measured in the run's own noise, and only a level that stays there counts.

For losses that begin high and fall towards zero, such as those in nats; not for a policy gradient's. The rule is this
book's own.

Source: Chowdhery et al. 2022, "PaLM", arXiv:2204.02311, section 5.1 (spikes); Wortsman et al. 2023, "Small-scale
proxies for large-scale Transformer training instabilities", arXiv:2309.14322 (rate, warm-up, divergence).
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby
from statistics import median
from typing import NamedTuple

from helpers.training.loop import Record

N_LEVEL, N_NOISE = 5, 50  # steps that the level, and the noise, are taken from
EXPLOSION = 100.0


class DivergenceError(FloatingPointError):
    """The run does not get better any more, and will not: its last records and its weights are as they were."""


class Loss:
    """How a run's loss stands against the best it had, step by step."""

    def __init__(self, first: float):
        self.first = self.best = first
        self.recent = deque([first], maxlen=N_LEVEL)
        self.jumps = deque[float](maxlen=N_NOISE)

    def add(self, loss: float) -> None:
        """One more step. A run that diverges is noisy too, so steps far above the best say nothing of the noise."""
        jump = abs(loss - self.recent[-1])
        self.recent.append(loss)
        if len(self.recent) == N_LEVEL:
            self.best = min(self.best, self.level)
        if len(self.jumps) < N_LEVEL or not self.is_high:
            self.jumps.append(jump)

    @property
    def level(self) -> float:
        """The loss without its jumps: the median of the last values."""
        return median(self.recent)

    @property
    def limit(self) -> float:
        """What noise does not reach: a quarter above the best, or 8 times the usual jump where that is more."""
        noise = 8 * median(self.jumps or [0.0])
        if len(self.jumps) < N_NOISE:  # too early to call large jumps usual
            noise = min(noise, self.first)
        return self.best + max(0.25 * self.best, noise)

    @property
    def is_high(self) -> bool:
        """Whether the loss, its jumps aside, stands far above its best."""
        return self.level > self.limit


def stopped_if_diverging(records: Iterable[Record], patience: int = 20) -> Iterator[Record]:
    """The same records, each with `spike`: 1 where the loss stands far above its best, else 0.

    Raises DivergenceError, after the record that shows it, once the level of the loss has stayed there for `patience`
    steps, or once the gradient's norm is 100 times what it was.
    """
    loss, n_above, norms = None, 0, deque[float](maxlen=N_NOISE)
    for record in records:
        if loss is None:
            loss = Loss(record["loss"])
        else:
            loss.add(record["loss"])
        norms.append(record["grad_norm"])
        n_above = n_above + 1 if loss.is_high else 0
        yield {**record, "spike": float(record["loss"] > loss.limit)}
        if n_above >= patience:
            reason = (
                f"the loss was {loss.best:.3g} at its best and has stayed above {loss.limit:.3g} for {n_above} steps"
            )
            raise DivergenceError(advice(record, f"{reason}, now {loss.level:.3g}"))
        if is_exploding(list(norms)):
            raise DivergenceError(advice(record, f"the gradient's norm was {median(norms):.2g}, now {norms[-1]:.2g}"))


def is_exploding(norms: list[float]) -> bool:
    """Whether the last norms, not one alone, are 100 times what they mostly were."""
    return len(norms) > 2 * N_LEVEL and median(norms[-N_LEVEL:]) > EXPLOSION * median(norms) > 0


def advice(record: Record, reason: str) -> str:
    """What happened, and what to try."""
    return (
        f"the run diverges at step {record['step']}: {reason}. Lower the learning rate "
        f"({record['lr']:.2g} at this step) or lengthen the warm-up, and begin again from a checkpoint before"
    )


class Spike(NamedTuple):
    """The loss stood far above its best from step `first` to step `last`, at most at `height`, and came back."""

    first: int
    last: int
    height: float


def spikes(records: Iterable[Record]) -> list[Spike]:
    """The spikes in records that went through `stopped_if_diverging`."""
    runs = [list(run) for is_spike, run in groupby(records, key=lambda record: record["spike"]) if is_spike]
    return [Spike(int(run[0]["step"]), int(run[-1]["step"]), max(r["loss"] for r in run)) for run in runs]
