"""Train where nobody watches: record each step, save now and then, and stop when asked, losing nothing.

A signal only raises a flag. The step under way is finished and saved, so Ctrl-C costs less than one step; what
no program hears, such as a power cut, costs the steps since the last save.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType

import torch
from torch import nn

from helpers.models import Decoder
from helpers.runtime import progress, training_note
from helpers.runtime.progress import watched_stream
from helpers.tokenizers import BPETokenizer
from helpers.training.loop import Record
from helpers.training.run_folder import RunFolder

SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True)
class Stage:
    """What a command trains: `records(n)` takes the steps from number n on, `made` is the decoder in it, and `outcome`
    measures it in words. The decoder alone is kept as a model if it is all that was trained."""

    state: nn.Module
    optimizer: torch.optim.Optimizer
    records: Callable[[int], Iterator[Record]]
    n_steps: int
    made: Decoder
    tokenizer: BPETokenizer
    outcome: Callable[[], str]
    unit: str = "nats a token"  # of the loss

    @property
    def can_write(self) -> bool:
        """Whether what was trained is a language model, not a reward model on top of one."""
        return self.made is self.state


class StopRequest:
    """Inside the `with` block the first Ctrl-C or SIGTERM is only remembered; the second one ends the program."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __enter__(self) -> "StopRequest":
        self._before = {number: signal.signal(number, self._remember) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        signal.signal(number, self._before[signal.Signals(number)])


def train_to_disk(
    stage: Stage, run: RunFolder, first_step: int, save_every: int, minutes: float = float("inf")
) -> int | None:
    """Take the steps that are left, at most for so many minutes; the signal that ended it early, if one did.

    Raises OSError where the disk takes no more and FloatingPointError where the loss is no number; what was saved
    before stays.
    """
    ends, done = time.monotonic() + 60 * minutes, first_step
    with StopRequest() as stop, run.recorder() as record:
        for step in shown(stage.records(first_step), first_step, stage.n_steps):
            record(step)
            done = int(step["step"]) + 1
            if stop.signal or time.monotonic() > ends:
                break
            if done % save_every == 0:
                run.save(stage.state, stage.optimizer, done)
        if done > run.steps_saved:
            run.save(stage.state, stage.optimizer, done)
        if stage.can_write:
            run.write_model(stage.made)
    return stop.signal if done < stage.n_steps else None


def shown(records: Iterator[Record], first_step: int, n_steps: int) -> Iterator[Record]:
    """The same records, with a bar where somebody watches and a line every ten seconds where nobody does."""
    if watched_stream() is not None:
        title = f"from step {first_step}" if first_step else ""
        yield from progress(records, n_steps - first_step, title, training_note)
        return
    last = time.monotonic()
    for record in records:
        yield record
        if time.monotonic() - last > SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"step {int(record['step']) + 1} of {n_steps}: {training_note(record)}", file=sys.stderr, flush=True)
