"""The parts of a block that work on each position alone."""

from helpers.layers.mlp import GeluMLP
from helpers.layers.norms import LayerNorm

NORMS = {"layer_norm": LayerNorm}
MLPS = {"gelu": GeluMLP}

__all__ = ["MLPS", "NORMS", "GeluMLP", "LayerNorm"]
