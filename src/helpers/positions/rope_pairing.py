"""The two conventions for which coordinates turn together, and for each the fastest way to turn them.

`apply_rope` in rope.py says what turning is; here the cosines and sines of a call are prepared once, for all layers,
in the form that takes the fewest operations. "half": the partner of every coordinate lies half a head away, so a roll
brings it along. "interleaved": a pair is one complex number, and turning is a multiplication.

Source: Su et al. 2021, "RoFormer", arXiv:2104.09864, equation 34 (for "half" with the coordinates in another order).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Pairing(NamedTuple):
    """A convention for what a pair is: where the two stand; what to prepare from the frequencies, once, and from the
    angles, once a call; how to turn with it."""

    layout: tuple[int, int]  # the head's width as pairs
    axis: int  # along which the two of a pair lie
    speeds: Callable[[Tensor], Tensor]
    table: Callable[[Tensor, float, torch.dtype], Any]
    turn: Callable[[Tensor, Any], Tensor]

    def turn_front(self, x: Tensor, table: Any, n_turned: int) -> Tensor:
        """The first `n_turned` coordinates turned, the rest as they are."""
        if n_turned == x.shape[-1]:
            return self.turn(x, table)
        return torch.cat((self.turn(x[..., :n_turned], table), x[..., n_turned:]), dim=-1)


def _half_speeds(frequencies: Tensor) -> Tensor:
    """One speed for every coordinate. A pair (a, b) becomes (a cos − b sin, b cos + a sin): the first needs the sine
    with a minus, and that is the sine of minus the angle; the cosine does not mind."""
    return torch.cat((-frequencies, frequencies))


def _half_table(angles: Tensor, factor: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    cos, sin = angles.cos(), angles.sin()
    if factor != 1:
        cos, sin = cos * factor, sin * factor
    return cos.to(dtype), sin.to(dtype)


def _turn_halves(x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = table
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, dims=-1), sin)


def _interleaved_table(angles: Tensor, factor: float, dtype: torch.dtype) -> Tensor:
    """One complex number per pair, of no fewer bits than the angles: there are none of 16 bits."""
    return torch.polar(torch.full_like(angles, factor), angles)


def _turn_neighbours(x: Tensor, table: Tensor) -> Tensor:
    pairs = x.to(table.real.dtype).contiguous().unflatten(-1, (-1, 2))
    return torch.view_as_real(torch.view_as_complex(pairs) * table).flatten(-2).to(x.dtype)


PAIRINGS = {
    "half": Pairing((2, -1), -2, _half_speeds, _half_table, _turn_halves),
    "interleaved": Pairing((-1, 2), -1, lambda frequencies: frequencies, _interleaved_table, _turn_neighbours),
}


def pairing_rule(word: str) -> Pairing:
    """The pairing of that name."""
    if word not in PAIRINGS:
        raise ValueError(f"pairing must be one of {', '.join(sorted(PAIRINGS))}, got {word!r}")
    return PAIRINGS[word]
