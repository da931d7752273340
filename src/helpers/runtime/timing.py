"""Wall-clock seconds, honest on accelerators: wait until the device has done its work, then read the clock.

CUDA and MPS calls return before the work is done; without waiting, a timer measures only the queueing.
"""

import time
from types import TracebackType

import torch


class Stopwatch:
    """Seconds since it was made or entered; stands still after the with block.

    >>> with Stopwatch() as watch:
    ...     total = sum(range(1000))
    >>> watch.seconds < 60
    True
    """

    def __init__(self) -> None:
        self._stopped_at: float | None = None
        self._started_at = now()

    def __enter__(self) -> "Stopwatch":
        self._stopped_at = None
        self._started_at = now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped_at = now()

    @property
    def seconds(self) -> float:
        """Seconds so far, or the whole duration once the with block has ended."""
        return (now() if self._stopped_at is None else self._stopped_at) - self._started_at


def now() -> float:
    """The clock's reading in seconds once all queued work on accelerators is done."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    if torch.backends.mps.is_available():
        torch.mps.synchronize()
    return time.perf_counter()
