"""A progress bar for any loop: one line that is gone when the loop ends.

A terminal gets a bar on stderr; a notebook gets one display that is updated in place. Nothing is written
where nobody watches: with `HELPERS_PROGRESS=off` or `CI` in the environment, or with stderr sent to a file.
Runs that make the committed notebooks set the variable, so that no output holds a bar.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, Protocol, TypeVar, runtime_checkable

from tqdm.std import tqdm

Item = TypeVar("Item")


@runtime_checkable
class Stream(Protocol):
    """The part of a file that a progress bar needs."""

    def write(self, text: str) -> Any:
        """Take the next piece of text."""

    def flush(self) -> None:
        """Show what was taken."""


def progress(
    items: Iterable[Item],
    total: int | None = None,
    title: str = "",
    note: Callable[[Item], str] | None = None,
    stream: Stream | None = None,
) -> Iterator[Item]:
    """The same items, with a bar that shows how far the loop is and how long it will take.

    `note` turns the latest item into the words after the bar, such as `training_note`; `total` is the number
    of items where `len(items)` is unknown; `stream` overrides the choice of where to write.
    """
    stream = watched_stream() if stream is None else stream
    if stream is None:
        yield from items
        return
    total = len(items) if total is None and isinstance(items, Sized) else total
    with tqdm(total=total, desc=title, file=stream, leave=False, ncols=100) as bar:
        for item in items:
            if note is not None:
                bar.set_postfix_str(note(item), refresh=False)
            bar.update(1)
            yield item


def training_note(record: dict[str, Any]) -> str:
    """Loss in nats and speed, from a training record that has `loss` and, maybe, `tokens_per_second`.

    >>> training_note({"loss": 1.8812, "tokens_per_second": 51234.0})
    'loss 1.881, 51,234 tokens/s'
    """
    words = [f"loss {record['loss']:.3f}"]
    if "tokens_per_second" in record:
        words.append(f"{record['tokens_per_second']:,.0f} tokens/s")
    return ", ".join(words)


def watched_stream() -> Stream | None:
    """Where a reader would see a bar; None where nobody watches."""
    if os.environ.get("HELPERS_PROGRESS") == "off" or os.environ.get("CI"):
        return None
    if in_notebook():
        return NotebookLine()
    return sys.stderr if sys.stderr.isatty() else None


def in_notebook() -> bool:
    """Whether this code runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class NotebookLine:
    """A stream whose latest text replaces the one before in the cell's output."""

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str) -> None:
        """Show this text in place of the one before."""
        from IPython.display import display

        line = {"text/plain": text.strip("\r\n ")}
        if self._handle is None:
            self._handle = display(line, raw=True, display_id=True)
        else:
            self._handle.update(line, raw=True)

    def flush(self) -> None:
        """Every write is shown at once."""
