"""ALiBi: no position vectors at all; every step of distance costs a key a fixed number of points.

Each head has its own price, from steep (sees the neighbours) to nearly flat (sees far). Because the rule is a straight
line, it holds at distances never seen in training.

Source: Press, Smith and Lewis 2021, "Train Short, Test Long", arXiv:2108.12409, section 3. For head counts that are
not a power of two the rule is that of the authors' released code, which BLOOM (112 heads) follows.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from helpers.positions.none import NoPositions


def alibi_slopes(n_heads: int, device: torch.device | str | None = None) -> Float[Tensor, " {n_heads}"]:
    """What one step of distance costs in each head: for 8 heads 1/2, 1/4, … 1/256.

    Other counts take the slopes of the next lower power of two, then every second slope of the next higher one.
    """
    lower = 1 << (n_heads.bit_length() - 1)
    steps = torch.arange(1, lower + 1, device=device) / lower
    between = (torch.arange(n_heads - lower, device=device) + 0.5) / lower
    return 2.0 ** (-8 * torch.cat((steps, between)))


class Alibi(NoPositions):
    """Unlike vectors for positions: nothing is added to the stream, distance only lowers the scores."""

    def __init__(self, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self._slopes: Tensor | None = None  # no buffer: model.half() would round it, the meta device lose it

    def score_bias(
        self, query_positions: Int[Tensor, " T"], key_positions: Int[Tensor, " S"]
    ) -> Float[Tensor, "H T S"]:
        """Minus the distance times the slope of each head, in float32: 0 for a position's own key."""
        if self._slopes is None or self._slopes.device != query_positions.device:
            self._slopes = alibi_slopes(self.n_heads, query_positions.device)
        distance = (query_positions[:, None] - key_positions).abs()
        return distance * -self._slopes[:, None, None]
