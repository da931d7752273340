"""Figures take arrays: numpy's, torch's on any device, or plain lists."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def as_array(values: Any) -> np.ndarray:
    """The same numbers as a numpy array; a torch tensor loses its gradient and leaves its device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().float().numpy()
    return np.asarray(values)


def require_tokens(tokens: Sequence[str], expected: int, axis: str) -> None:
    """Raise unless there is one token for every place on `axis`."""
    if len(tokens) != expected:
        raise ValueError(f"one token per position of {axis} is needed: {expected}, got {len(tokens)} tokens")


def visible(token: str) -> str:
    """The token with its blanks made visible: a leading space is part of a token."""
    return token.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥") or "∅"
