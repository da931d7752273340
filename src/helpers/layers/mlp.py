"""The feed-forward network: the same small two-layer network applied to every position by itself.

GPT-1 to GPT-3 use GELU in its tanh approximation; BERT uses the exact form. This file follows GPT.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.3;
Hendrycks and Gimpel 2016, "Gaussian Error Linear Units", arXiv:1606.08415, section 2.
"""

from jaxtyping import Float
from torch import Tensor, nn


class GeluMLP(nn.Module):
    """What each position makes of what attention brought it: widen, bend with GELU, narrow."""

    def __init__(self, d_model: int, d_ff: int, bias: bool = True):
        super().__init__()
        self.up_proj = nn.Linear(d_model, d_ff, bias=bias)
        self.down_proj = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Float[Tensor, "*lead D"]) -> Float[Tensor, "*lead D"]:
        return self.down_proj(nn.functional.gelu(self.up_proj(x), approximate="tanh"))
