"""Chance is an argument: every random draw takes a generator, and a generator is a seed.

A generator of its own keeps one cell from changing the numbers of the next. The same seed gives the
same numbers on one machine; other processors round otherwise, so results are compared with bands.
"""

import random

import numpy as np
import torch


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A stream of random numbers that is the same every time for the same seed and kind of device."""
    return torch.Generator(device).manual_seed(checked_seed(seed))


def seed_everything(seed: int) -> None:
    """Start the global streams of Python, NumPy and torch (all devices) anew.

    For code that takes no generator, such as the initial weights of torch's own layers.
    """
    checked_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def checked_seed(seed: int) -> int:
    """The seed itself, if all three libraries accept it."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"a seed must lie in 0 to 2**32 - 1, the range that NumPy takes, got {seed}")
    return seed
