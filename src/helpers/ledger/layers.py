"""Norms and feed-forward networks: what the article's formula is, and what it is not."""

import torch

from helpers.layers import LayerNorm, ReluMLP, RMSNorm, SwiGLU
from helpers.ledger.memory import decoder
from helpers.ledger.number import Number
from helpers.models.config import usual_d_ff


def printed_swiglu_is_silu() -> list[Number]:
    """The article's formula for SwiGLU at β = 1 against SiLU, over numbers from −10 to 10."""
    x = torch.linspace(-10, 10, 2001)
    printed = x * torch.sigmoid(x)
    difference = float((printed - torch.nn.functional.silu(x)).abs().max())
    return [Number("largest difference between the printed formula and SiLU", difference, 0, "", 1e-5)]


def swiglu_has_three_matrices() -> list[Number]:
    """Matrices of the feed-forward layer."""
    kinds = {"SwiGLU": (SwiGLU, 3), "ReLU": (ReluMLP, 2)}
    return [
        Number(f"matrices of a feed-forward layer with {name}", sum(p.ndim == 2 for p in kind(8, 16).parameters()), n)
        for name, (kind, n) in kinds.items()
    ]


def swiglu_width() -> list[Number]:
    """LLaMA's width, and its three matrices over the two of a plain network of four times the model's width."""
    d_model = decoder("llama-1-7b").d_model
    d_ff = usual_d_ff("swiglu", d_model)
    return [
        Number("LLaMA 7B, feed-forward width", d_ff, 11008),
        Number("parameters over those of a plain network", 3 * d_ff / (2 * 4 * d_model), 1.008, "", 0.0005),
    ]


def rms_norm_keeps_the_mean() -> list[Number]:
    """A vector of ones: LayerNorm takes its mean away, RMSNorm leaves it. Without a shift, half the learned numbers."""
    ones = torch.ones(1, 64)
    means = [norm(64)(ones).mean().item() for norm in (RMSNorm, LayerNorm)]
    counts = [sum(p.numel() for p in norm(64).parameters()) for norm in (RMSNorm, LayerNorm)]
    return [
        Number("mean of ones after RMSNorm", means[0], 1, "", 1e-4),
        Number("mean of ones after LayerNorm", means[1], 0, "", 1e-4),
        Number("learned numbers, RMSNorm over LayerNorm", counts[0] / counts[1], 0.5),
    ]
