"""The feed-forward network: the same small two-layer network applied to every position by itself.

The families differ in how they bend the wide middle. ReLU (2017), GELU in its tanh form (GPT) or exact (BERT), squared
ReLU (Primer), and SwiGLU (LLaMA), where a second projection opens and closes the first. "SwiGLU" names the gated pair;
the single function x · sigmoid(x) inside it is SiLU, also called Swish.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.3;
Hendrycks and Gimpel 2016, "Gaussian Error Linear Units", arXiv:1606.08415, section 2;
So et al. 2021, "Primer", arXiv:2109.08668, section 3; Shazeer 2020, "GLU Variants Improve Transformer",
arXiv:2002.05202, equation 6.
"""

from jaxtyping import Float
from torch import Tensor, nn


class ReluMLP(nn.Module):
    """What each position makes of what attention brought it: widen, set what is negative to zero, narrow."""

    def __init__(self, d_model: int, d_ff: int, bias: bool = True):
        super().__init__()
        self.up_proj = nn.Linear(d_model, d_ff, bias=bias)
        self.down_proj = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Float[Tensor, "*lead D"]) -> Float[Tensor, "*lead D"]:
        return self.down_proj(self.bend(self.up_proj(x)))

    def bend(self, wide: Float[Tensor, "*lead F"]) -> Float[Tensor, "*lead F"]:
        """The wide middle after its non-linear function; without one, two layers would be no more than one."""
        return nn.functional.relu(wide)


class SquaredReluMLP(ReluMLP):
    """Unlike ReLU: what is left is squared, so that strong features stand out."""

    def bend(self, wide: Float[Tensor, "*lead F"]) -> Float[Tensor, "*lead F"]:
        """max(0, x)²."""
        return nn.functional.relu(wide).square()


class GeluMLP(ReluMLP):
    """Unlike ReLU: a smooth bend, x · Φ(x), in the tanh approximation that GPT-1 to GPT-3 use."""

    def bend(self, wide: Float[Tensor, "*lead F"]) -> Float[Tensor, "*lead F"]:
        """x · Φ(x), with the normal distribution function Φ approximated by a tanh: off by less than 0.0005."""
        return nn.functional.gelu(wide, approximate="tanh")


class ExactGeluMLP(ReluMLP):
    """Unlike GPT's GELU: Φ is computed exactly, as BERT does."""

    def bend(self, wide: Float[Tensor, "*lead F"]) -> Float[Tensor, "*lead F"]:
        """x · Φ(x), Φ the normal distribution function."""
        return nn.functional.gelu(wide)


class SwiGLU(ReluMLP):
    """Unlike the others: three projections. One, bent by SiLU, is the gate that multiplies another."""

    def __init__(self, d_model: int, d_ff: int, bias: bool = True):
        super().__init__(d_model, d_ff, bias)
        self.gate_proj = nn.Linear(d_model, d_ff, bias=bias)

    def forward(self, x: Float[Tensor, "*lead D"]) -> Float[Tensor, "*lead D"]:
        return self.down_proj(self.bend(self.gate_proj(x)) * self.up_proj(x))

    def bend(self, wide: Float[Tensor, "*lead F"]) -> Float[Tensor, "*lead F"]:
        """x · sigmoid(x): SiLU."""
        return nn.functional.silu(wide)
