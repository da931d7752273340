"""Multi-head attention: several attentions side by side, each with its own projections and a share of the width.

With fewer key/value heads than query heads it is grouped-query attention (GQA); with one, multi-query (MQA).

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.2.2;
Shazeer 2019, "Fast Transformer Decoding", arXiv:1911.02150, section 3 (MQA);
Ainslie et al. 2023, "GQA", arXiv:2305.13245, section 2.2.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.attention.dot_product import attention_weights
from helpers.attention.kv_cache import LayerCache
from helpers.attention.look import Look, merged
from helpers.attention.masks import causal_mask
from helpers.layers.norms import RMSNorm


def check_heads(n_heads: int, n_kv_heads: int) -> None:
    """Raise unless every key/value head serves the same number of query heads."""
    if n_heads % n_kv_heads:
        raise ValueError(f"n_kv_heads must divide n_heads, got {n_kv_heads=} and {n_heads=}")


def head_size(d_model: int, n_heads: int) -> int:
    """The width of a head when the heads share the model's width."""
    if d_model % n_heads:
        raise ValueError(f"n_heads must divide d_model to give whole heads, got {n_heads=} and {d_model=}")
    return d_model // n_heads


class MultiHeadAttention(nn.Module):
    """Attention of a sequence to itself. Head h owns the h-th slice of the queries.

    `d_head` and `n_kv_heads` follow from the others when they are 0; `qkv_bias` follows `bias`. `qk_norm`
    normalises each query and key before they are compared (Dehghani et al. 2023, arXiv:2302.05442, section 2.1).
    Scores are divided by √d_head, or multiplied by `scale` where one is given (T5 has 1).
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_kv_heads: int = 0,
        bias: bool = True,
        *,
        d_head: int = 0,
        qkv_bias: bool | None = None,
        qk_norm: bool = False,
        eps: float = 1e-5,
        scale: float | None = None,
    ):
        super().__init__()
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads or n_heads
        check_heads(self.n_heads, self.n_kv_heads)
        self.d_head = d_head or head_size(d_model, n_heads)
        self.scale = self.d_head**-0.5 if scale is None else scale
        qkv_bias = bias if qkv_bias is None else qkv_bias
        self.q_proj = nn.Linear(d_model, self.n_heads * self.d_head, bias=qkv_bias)
        self.k_proj = nn.Linear(d_model, self.n_kv_heads * self.d_head, bias=qkv_bias)
        self.v_proj = nn.Linear(d_model, self.n_kv_heads * self.d_head, bias=qkv_bias)
        self.o_proj = nn.Linear(self.n_heads * self.d_head, d_model, bias=bias)
        self.q_norm = RMSNorm(self.d_head, eps=eps) if qk_norm else None
        self.k_norm = RMSNorm(self.d_head, eps=eps) if qk_norm else None

    def forward(
        self, x: Float[Tensor, "B T D"], look: Look | None = None, cache: LayerCache | None = None
    ) -> Float[Tensor, "B T D"]:
        """What each position takes from those it may look at. With a `cache`, `x` holds the new positions only."""
        look = look or Look()
        positions = look.positions
        if positions is None:
            past = cache.length if cache is not None else 0
            positions = torch.arange(past, past + x.shape[1], device=x.device)
        q, (k, v) = self.queries(x), self.keys_values(x)
        q, k = look.scheme.rotate(q, k, positions)
        if cache is not None:
            k, v = cache.extend(k, v)
        return self.attend(q, k, v, look)

    def queries(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B H T d"]:
        """What each position asks, per head, before positions turn it."""
        q = self._split(self.q_proj(x))
        return q if self.q_norm is None else self.q_norm(q)

    def keys_values(self, x: Float[Tensor, "B S D"]) -> tuple[Float[Tensor, "B G S d"], Float[Tensor, "B G S d"]]:
        """What each position offers to be found by, before positions turn it, and what it gives when found."""
        k, v = self._split(self.k_proj(x)), self._split(self.v_proj(x))
        return (k if self.k_norm is None else self.k_norm(k)), v

    def _split(self, x: Float[Tensor, "B T width"]) -> Float[Tensor, "B heads T d"]:
        return x.view(*x.shape[:2], -1, self.d_head).transpose(1, 2)  # B H T d

    def attend(
        self, q: Float[Tensor, "B H T d"], k: Float[Tensor, "B G S d"], v: Float[Tensor, "B G S d"], look: Look
    ) -> Float[Tensor, "B T D"]:
        """What each query takes from the keys it may look at, all heads mixed."""
        mask, bias = look.mask, None if look.bias is None else look.bias.to(q.dtype)
        n_queries, n_keys = q.shape[2], k.shape[2]
        is_causal = mask is None and look.is_causal and n_queries > 1
        if is_causal and (look.maps is not None or bias is not None or n_queries < n_keys):
            mask, is_causal = causal_mask(n_queries, n_keys, q.device), False
        if look.maps is not None:
            heads = self._with_maps(q, k, v, mask, bias, look.maps)
        else:
            heads = nn.functional.scaled_dot_product_attention(
                q, k, v, merged(mask, bias), 0.0, is_causal, scale=self.scale, enable_gqa=self.n_kv_heads < self.n_heads
            )
        return self.o_proj(heads.transpose(1, 2).flatten(2))

    def _with_maps(
        self,
        q: Float[Tensor, "B H T d"],
        k: Float[Tensor, "B G S d"],
        v: Float[Tensor, "B G S d"],
        mask: Tensor | None,
        bias: Tensor | None,
        maps: list[Tensor],
    ) -> Float[Tensor, "B H T d"]:
        k, v = (t.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1) for t in (k, v))
        q = q * (self.scale * math.sqrt(self.d_head))  # attention_weights divides by √d_head
        maps.append(attention_weights(q, k, mask, bias))
        return maps[-1] @ v
