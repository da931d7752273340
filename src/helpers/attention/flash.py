"""FlashAttention's idea: attention needs no table of all scores, a tile of it at a time is enough.

The softmax divides by a sum over the whole row, which is not known while tiles are still to come. So the sums run
along, scaled by the largest score seen so far, and are rescaled when a larger one turns up. The result is exact, not
an approximation. On a GPU the tile stays in fast memory, which is where the speed comes from; this file shows the
arithmetic, and `torch.nn.functional.scaled_dot_product_attention` has the kernels.

Source: Dao et al. 2022, "FlashAttention", arXiv:2205.14135, algorithm 1; the output is divided once at the end, as in
Dao 2023, "FlashAttention-2", arXiv:2307.08691, section 3.1;
Milakov and Gimelshein 2018, "Online normalizer calculation for softmax", arXiv:1805.02867, section 3.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class RunningSoftmax(NamedTuple):
    """A softmax average of which only some of the scores have been seen, one for every query."""

    largest: Float[Tensor, "*lead T 1"]
    total: Float[Tensor, "*lead T 1"]
    weighted: Float[Tensor, "*lead T d"]

    @classmethod
    def empty(cls, q: Float[Tensor, "*lead T d"]) -> "RunningSoftmax":
        """Nothing seen yet. The largest score is finite, because −∞ − (−∞) is nan."""
        zero = torch.zeros_like(q[..., :1])
        return cls(zero + torch.finfo(q.dtype).min, zero, torch.zeros_like(q))

    def absorb(self, scores: Float[Tensor, "*lead T S"], v: Float[Tensor, "*lead S d"]) -> "RunningSoftmax":
        """The same average with some more scores and their values seen."""
        largest = torch.maximum(self.largest, scores.amax(dim=-1, keepdim=True))
        rescale, weights = (self.largest - largest).exp(), (scores - largest).exp()
        total = rescale * self.total + weights.sum(dim=-1, keepdim=True)
        return RunningSoftmax(largest, total, rescale * self.weighted + weights @ v)

    def average(self) -> Float[Tensor, "*lead T d"]:
        """The values seen so far, averaged by the softmax of their scores."""
        return self.weighted / self.total


def flash_attention(
    q: Float[Tensor, "*lead T d"],
    k: Float[Tensor, "*lead S d"],
    v: Float[Tensor, "*lead S d"],
    mask: Bool[Tensor, "*#lead #T S"] | None = None,
    *,
    is_causal: bool = False,
    tile: int = 64,
) -> Float[Tensor, "*lead T d"]:
    """What `attend` gives, without ever holding more than `tile` × `tile` scores of a head at once.

    With `is_causal` the queries are the last T of the S positions, and tiles that lie in the future are skipped.
    """
    check_tiles(tile, q.shape[-2], k.shape[-2], is_causal)
    if mask is not None:
        mask = mask.expand(*mask.shape[:-2], q.shape[-2], k.shape[-2])  # a padding mask has one row for all queries
    rows = range(0, q.shape[-2], tile)
    return torch.cat([_row_of_tiles(q, k, v, mask, is_causal, start, tile) for start in rows], dim=-2)


def check_tiles(tile: int, n_queries: int, n_keys: int, is_causal: bool) -> None:
    """Raise unless there are tiles to walk over, and every causal query has a key of its own."""
    if tile < 1:
        raise ValueError(f"a tile holds at least one query and one key, got {tile=}")
    if is_causal and n_keys < n_queries:
        raise ValueError(f"a causal query has a key of its own, so S >= T, got T={n_queries}, S={n_keys}")


def _row_of_tiles(
    q: Float[Tensor, "*lead T d"],
    k: Float[Tensor, "*lead S d"],
    v: Float[Tensor, "*lead S d"],
    mask: Bool[Tensor, "*#lead T S"] | None,
    is_causal: bool,
    start: int,
    tile: int,
) -> Float[Tensor, "*lead rows d"]:
    queries = slice(start, min(start + tile, q.shape[-2]))
    past = k.shape[-2] - q.shape[-2]
    n_visible = past + queries.stop if is_causal else k.shape[-2]
    seen = RunningSoftmax.empty(q[..., queries, :])
    for key in range(0, n_visible, tile):
        keys = slice(key, min(key + tile, n_visible))
        scores = q[..., queries, :] @ k[..., keys, :].transpose(-2, -1) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask[..., queries, keys], float("-inf"))
        if is_causal:
            scores = scores.masked_fill(~_may_look(queries, keys, past, q.device), float("-inf"))
        seen = seen.absorb(scores, v[..., keys, :])
    return seen.average()


def _may_look(queries: slice, keys: slice, past: int, device: torch.device) -> Bool[Tensor, "rows columns"]:
    query_positions = past + torch.arange(queries.start, queries.stop, device=device)
    return torch.arange(keys.start, keys.stop, device=device) <= query_positions[:, None]


def score_bytes(n_queries: int, n_keys: int, n_heads: int = 1, batch: int = 1, bytes_per_number: int = 4) -> int:
    """Bytes of the full table of scores, which plain attention holds at once: it grows with the square of the text.

    >>> score_bytes(8192, 8192, n_heads=32, bytes_per_number=2)
    4294967296
    """
    return batch * n_heads * n_queries * n_keys * bytes_per_number


def tile_bytes(tile: int, d_head: int, bytes_per_number: int = 4) -> int:
    """Bytes that one head works on at once, whatever the length of the text: the tile's queries, keys, values and
    scores, and the running sums.

    >>> tile_bytes(64, 128, bytes_per_number=2)
    73984
    """
    numbers = 4 * tile * d_head + tile * tile + 2 * tile
    return numbers * bytes_per_number
