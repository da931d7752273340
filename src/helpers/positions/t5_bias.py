"""T5's relative bias: distances fall into buckets, and every head learns one number per bucket.

Near distances have a bucket each, far ones share buckets that widen like a logarithm, and everything beyond
`max_distance` shares the last. A decoder only looks back, so all buckets serve the past; an encoder gives half of
them to the future. T5 adds the bias to scores that are not divided by √d.

Source: Raffel et al. 2019, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
arXiv:1910.10683, section 2.1; the bucket rule is that of the authors' released code.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.positions.none import NoPositions


def t5_bucket(
    offset: Int[Tensor, "*lead"], n_buckets: int = 32, max_distance: int = 128, is_bidirectional: bool = False
) -> Int[Tensor, "*lead"]:
    """The bucket of each offset, key position minus query position: negative is the past."""
    if is_bidirectional:
        future = (offset > 0) * (n_buckets // 2)
        return future + _bucket_of_distance(offset.abs(), n_buckets // 2, max_distance)
    return _bucket_of_distance((-offset).clamp(min=0), n_buckets, max_distance)


def _bucket_of_distance(distance: Int[Tensor, "*lead"], n_buckets: int, max_distance: int) -> Int[Tensor, "*lead"]:
    n_exact = n_buckets // 2
    far = (distance / n_exact).clamp(min=1).log() / math.log(max_distance / n_exact)  # 0 … 1 up to max_distance
    shared = (n_exact + (far * (n_buckets - n_exact)).long()).clamp(max=n_buckets - 1)
    return torch.where(distance < n_exact, distance, shared)


class T5Bias(NoPositions):
    """Unlike ALiBi: what a distance is worth is learned, and need not be a straight line."""

    def __init__(self, n_heads: int, n_buckets: int = 32, max_distance: int = 128, is_bidirectional: bool = False):
        super().__init__()
        n_past = n_buckets // 2 if is_bidirectional else n_buckets
        if n_past < 2 or max_distance <= n_past // 2:
            raise ValueError(
                f"half of the {n_past} buckets of one direction hold one distance each and max_distance must lie "
                f"beyond them, got {n_buckets=}, {max_distance=}"
            )
        self.max_distance, self.is_bidirectional = max_distance, is_bidirectional
        self.table = nn.Embedding(n_buckets, n_heads)

    def score_bias(
        self, query_positions: Int[Tensor, " T"], key_positions: Int[Tensor, " S"]
    ) -> Float[Tensor, "H T S"]:
        """The learned number of each offset's bucket, in every head."""
        offset = key_positions - query_positions[:, None]
        buckets = t5_bucket(offset, self.table.num_embeddings, self.max_distance, self.is_bidirectional)
        return self.table(buckets).permute(2, 0, 1)  # H T S
