"""How a check speaks: quiet before you start, precise when something is off, brief when it is right."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

Claim = tuple[bool, str]


class NotStartedError(Exception):
    """The stub is still as it was."""


def called(solve: Callable[..., Any], *arguments: object) -> Any:
    """What the reader's function returns; a stub returns nothing, and that is no mistake yet."""
    answer = solve(*arguments)
    if answer is None or answer is ...:
        raise NotStartedError
    return answer


def check(claims: Callable[[Callable[..., object]], Iterator[Claim]]) -> Callable[[Callable[..., object]], None]:
    """Turn claims about an answer, each with what to say if it is false, into a check for a notebook cell.

    An unchanged stub prints one line and lets "run all" go on; the first false claim raises AssertionError.
    """

    @wraps(claims)
    def run(solve: Callable[..., object]) -> None:
        try:
            for holds, hint in claims(solve):
                if not holds:
                    raise AssertionError(hint)
        except NotStartedError:
            print("Not started: the function returns nothing yet.")
            print("If you have written it: is a return missing?")
        else:
            print("Correct.")

    return run
