"""Normalisation keeps the numbers that flow through a deep network at one size.

LayerNorm moves every position's vector to mean 0 and scales it to variance 1; RMSNorm, LLaMA's choice, leaves the
mean alone and only scales. Both work on one position at a time.

Source: Ba, Kiros and Hinton 2016, "Layer Normalization", arXiv:1607.06450, equation 4;
Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467, equation 4.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LayerNorm(nn.Module):
    """Every position's vector, moved to mean 0 and scaled to variance 1, then stretched and shifted by learned
    numbers."""

    def __init__(self, d_model: int, bias: bool = True, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model)) if bias else None

    def forward(self, x: Float[Tensor, "*lead D"]) -> Float[Tensor, "*lead D"]:
        return torch.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


class RMSNorm(nn.Module):
    """Every position's vector, scaled to a mean square of 1, then stretched by learned numbers.

    Unlike LayerNorm it neither subtracts the mean nor adds a bias; `bias` is taken, and ignored, so that both are
    built alike. `eps` is added to the mean square, under the root.
    """

    def __init__(self, d_model: int, bias: bool = True, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Float[Tensor, "*lead D"]) -> Float[Tensor, "*lead D"]:
        return torch.rms_norm(x, self.weight.shape, self.weight, self.eps)
