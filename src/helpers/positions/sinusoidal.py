"""Waves of many lengths, added to the token embeddings: slow ones say roughly where, fast ones exactly where.

Moving by k positions turns every pair (sin, cos) by a fixed angle, so a linear map can find "k words ago". The waves
never end, so there is no longest text. As in the paper, sines and cosines alternate (2i and 2i+1); many libraries put
all sines before all cosines instead, which is the same up to the order of coordinates.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.5.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from helpers.positions.none import NoPositions


def sinusoids(positions: Int[Tensor, "*B T"], d_model: int, base: float = 10_000.0) -> Float[Tensor, "*B T {d_model}"]:
    """One vector per position: sine and cosine of it at `d_model / 2` speeds, from 1 to nearly 1/`base` radians."""
    powers = torch.arange(0, d_model, 2, device=positions.device) / d_model
    angles = positions[..., None] / base**powers
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


class SinusoidalPositions(NoPositions):
    """Unlike a learned table: nothing to learn, and no last row. `context_length` is taken, and ignored, so that both
    are built alike."""

    def __init__(self, context_length: int, d_model: int):
        super().__init__()
        if d_model % 2:
            raise ValueError(f"sines and cosines come in pairs, so d_model must be even, got {d_model=}")

    def add_to_embeddings(self, x: Float[Tensor, "B T D"], positions: Int[Tensor, "*#B T"]) -> Float[Tensor, "B T D"]:
        """The embeddings plus the waves at each position."""
        return x + sinusoids(positions, x.shape[-1]).to(x.dtype)
