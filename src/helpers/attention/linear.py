"""Linear attention: without the softmax the past fits into one matrix, so a token costs the same however long the text.

A query's fit with a key is φ(q)·φ(k) in place of exp(q·k). Then the sum over the past, Σ φ(q)·φ(k) v, is φ(q) times
Σ φ(k) vᵀ, and that sum can be kept as a state and added to. The same result can be had in three ways: from the table
of all fits (parallel, cost T²), token by token (recurrent, cost T), or chunk by chunk, which is both.

The price: the state has d × d numbers for any number of tokens, so old ones blur. Positions do not enter here.

Source: Katharopoulos et al. 2020, "Transformers are RNNs", arXiv:2006.16236, equations 5 and 7 (feature map),
8 to 10 (causal), 16 to 20 (recurrent); chunks as in Yang et al. 2023, "Gated Linear Attention Transformers with
Hardware-Efficient Training", arXiv:2312.06635, section 2.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.attention.multi_head import head_size


class LinearState(NamedTuple):
    """All that linear attention remembers: for each head, the sum of φ(k) vᵀ, and the sum of φ(k) to divide by."""

    memory: Float[Tensor, "B H d d"]
    total: Float[Tensor, "B H d"]


def feature_map(x: Float[Tensor, "*lead d"]) -> Float[Tensor, "*lead d"]:
    """elu(x) + 1: positive everywhere, so that weights are too.

    Written as exp below 0 and x + 1 above: in float32, elu is exactly −1 below −17, and adding 1 would leave 0.
    """
    return x.clamp(max=0).exp() + x.relu()


def empty_state(q: Float[Tensor, "B H T d"]) -> LinearState:
    """The memory of no tokens."""
    batch, n_heads, _, d_head = q.shape
    return LinearState(q.new_zeros(batch, n_heads, d_head, d_head), q.new_zeros(batch, n_heads, d_head))


def parallel_linear_attention(
    q: Float[Tensor, "B H T d"], k: Float[Tensor, "B H T d"], v: Float[Tensor, "B H T d"]
) -> Float[Tensor, "B H T d"]:
    """For each query, the average of the values up to its own, from the table of all fits."""
    fits = (feature_map(q) @ feature_map(k).transpose(-2, -1)).tril()
    return fits @ v / fits.sum(dim=-1, keepdim=True)


def recurrent_linear_attention(
    q: Float[Tensor, "B H T d"],
    k: Float[Tensor, "B H T d"],
    v: Float[Tensor, "B H T d"],
    state: LinearState | None = None,
) -> tuple[Float[Tensor, "B H T d"], LinearState]:
    """The same averages token by token, and the state after the last one: no table, and no past but the state."""
    memory, total = state or empty_state(q)
    averages = []
    for query, key, value in zip(feature_map(q).unbind(2), feature_map(k).unbind(2), v.unbind(2), strict=True):
        memory = memory + key[..., :, None] * value[..., None, :]
        total = total + key
        weighted = (query[..., None, :] @ memory).squeeze(-2)
        averages.append(weighted / (query * total).sum(dim=-1, keepdim=True))
    return torch.stack(averages, dim=2), LinearState(memory, total)


def linear_attention(
    q: Float[Tensor, "B H T d"],
    k: Float[Tensor, "B H T d"],
    v: Float[Tensor, "B H T d"],
    state: LinearState | None = None,
    chunk: int = 64,
) -> tuple[Float[Tensor, "B H T d"], LinearState]:
    """The same again, `chunk` tokens at a time: a table within the chunk, the state for all that came before it."""
    if chunk < 1:
        raise ValueError(f"a chunk holds at least one token, got {chunk=}")
    memory, total = state or empty_state(q)
    averages = []
    for query, key, value in zip(*(t.split(chunk, dim=2) for t in (feature_map(q), feature_map(k), v)), strict=True):
        fits = (query @ key.transpose(-2, -1)).tril()
        weight = fits.sum(dim=-1, keepdim=True) + query @ total[..., None]
        averages.append((fits @ value + query @ memory) / weight)
        memory = memory + key.transpose(-2, -1) @ value
        total = total + key.sum(dim=2)
    return torch.cat(averages, dim=2), LinearState(memory, total)


class LinearAttention(nn.Module):
    """Unlike multi-head attention it keeps no keys and values, only a state of fixed size."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.d_head = head_size(d_model, n_heads)
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_model, bias=False)
        self.v_proj = nn.Linear(d_model, d_model, bias=False)
        self.o_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(
        self, x: Float[Tensor, "B T D"], state: LinearState | None = None
    ) -> tuple[Float[Tensor, "B T D"], LinearState]:
        """What each position takes from those up to its own, and the state with which the text can go on."""
        q, k, v = (
            proj(x).unflatten(-1, (-1, self.d_head)).transpose(1, 2)  # B H T d
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        heads, state = linear_attention(q, k, v, state)
        return self.o_proj(heads.transpose(1, 2).flatten(2)), state

    def new_state(self, batch: int) -> LinearState:
        """The memory of no tokens, on this layer's device."""
        n_heads = self.q_proj.out_features // self.d_head
        return empty_state(self.q_proj.weight.new_empty(batch, n_heads, 0, self.d_head))
