"""Multi-head attention: several attentions side by side, each with its own projections and a share of the width.

With fewer key/value heads than query heads (`n_kv_heads < n_heads`) it is grouped-query attention.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.2.2;
Ainslie et al. 2023, "GQA", arXiv:2305.13245, section 2.2.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.attention.dot_product import attention_weights
from helpers.attention.kv_cache import KVCache
from helpers.attention.masks import causal_mask
from helpers.positions.none import NoPositions


def check_heads(d_model: int, n_heads: int, n_kv_heads: int) -> None:
    """Raise unless the heads share the width, and the key/value heads the query heads, without a rest."""
    if d_model % n_heads:
        raise ValueError(f"n_heads must divide d_model to give whole heads, got {n_heads=} and {d_model=}")
    if n_heads % n_kv_heads:
        raise ValueError(f"n_kv_heads must divide n_heads, got {n_kv_heads=} and {n_heads=}")


class MultiHeadAttention(nn.Module):
    """Causal self-attention of a decoder. Head h owns the h-th slice of the queries."""

    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int, bias: bool = True):
        super().__init__()
        check_heads(d_model, n_heads, n_kv_heads)
        self.n_heads, self.n_kv_heads, self.d_head = n_heads, n_kv_heads, d_model // n_heads
        self.q_proj = nn.Linear(d_model, n_heads * self.d_head, bias=bias)
        self.k_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=bias)
        self.v_proj = nn.Linear(d_model, n_kv_heads * self.d_head, bias=bias)
        self.o_proj = nn.Linear(n_heads * self.d_head, d_model, bias=bias)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        scheme: NoPositions,
        positions: Int[Tensor, " T"],
        layer: int = 0,
        cache: KVCache | None = None,
        maps: list[Tensor] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """What each position takes from the positions up to its own.

        A list given as `maps` receives this layer's attention weights, B H T S; without it torch's fused
        kernel runs and never stores them.
        """
        q, k, v = (
            proj(x).unflatten(-1, (-1, self.d_head)).transpose(1, 2)  # B H T d
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = scheme.rotate(q, k, positions)
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        bias = scheme.score_bias(positions, torch.arange(k.shape[2], device=x.device))
        heads = self._attend(q, k, v, bias, maps)
        return self.o_proj(heads.transpose(1, 2).flatten(2))

    def _attend(
        self,
        q: Float[Tensor, "B H T d"],
        k: Float[Tensor, "B G S d"],
        v: Float[Tensor, "B G S d"],
        bias: Float[Tensor, "H T S"] | None,
        maps: list[Tensor] | None,
    ) -> Float[Tensor, "B H T d"]:
        n_queries, n_keys = q.shape[2], k.shape[2]
        if maps is None and bias is None and n_queries in (1, n_keys):
            return nn.functional.scaled_dot_product_attention(
                q, k, v, is_causal=n_queries > 1, enable_gqa=self.n_kv_heads < self.n_heads
            )
        k, v = (t.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1) for t in (k, v))
        weights = attention_weights(q, k, causal_mask(n_queries, n_keys, q.device), bias)
        if maps is not None:
            maps.append(weights)
        return weights @ v
