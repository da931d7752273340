"""The parts of a block that work on each position alone."""

from helpers.layers.experts import MixtureOfExperts, load_balancing_loss, route
from helpers.layers.mlp import ExactGeluMLP, GeluMLP, ReluMLP, SquaredReluMLP, SwiGLU
from helpers.layers.norms import LayerNorm, RMSNorm

NORMS = {"layer_norm": LayerNorm, "rms_norm": RMSNorm}
MLPS = {
    "relu": ReluMLP,
    "relu_squared": SquaredReluMLP,
    "gelu": GeluMLP,
    "gelu_exact": ExactGeluMLP,
    "swiglu": SwiGLU,
}

__all__ = [
    "MLPS",
    "NORMS",
    "ExactGeluMLP",
    "GeluMLP",
    "LayerNorm",
    "MixtureOfExperts",
    "RMSNorm",
    "ReluMLP",
    "SquaredReluMLP",
    "SwiGLU",
    "load_balancing_loss",
    "route",
]
