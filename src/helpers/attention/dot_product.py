"""Scaled dot-product attention: a query asks, keys answer how well they fit, values are averaged by the fit.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, equation 1.
"""

import math

from jaxtyping import Bool, Float
from torch import Tensor


def attention_weights(
    q: Float[Tensor, "*lead T d"],
    k: Float[Tensor, "*lead S d"],
    mask: Bool[Tensor, "*#lead T S"] | None = None,
    bias: Float[Tensor, "*#lead T S"] | None = None,
) -> Float[Tensor, "*lead T S"]:
    """How much each query takes from each key: every row sums to one."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if bias is not None:
        scores = scores + bias
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))  # before the softmax: exp(-inf) is exactly 0
    return scores.softmax(dim=-1)


def attend(
    q: Float[Tensor, "*lead T d"],
    k: Float[Tensor, "*lead S d"],
    v: Float[Tensor, "*lead S d"],
    mask: Bool[Tensor, "*#lead T S"] | None = None,
) -> Float[Tensor, "*lead T d"]:
    """For each query, the average of the values it looks at."""
    return attention_weights(q, k, mask) @ v
