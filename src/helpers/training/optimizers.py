"""How weights move: AdamW, with decay on the matrices only.

Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101, algorithm 2;
betas (0.9, 0.95) and decay 0.1 as in Brown et al. 2020, arXiv:2005.14165, appendix B.
"""

import torch
from torch import nn


def adamw(
    model: nn.Module, lr: float, weight_decay: float = 0.1, betas: tuple[float, float] = (0.9, 0.95)
) -> torch.optim.AdamW:
    """AdamW that pulls matrices towards zero and leaves biases and norms alone: those have no reason to shrink."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=betas, fused=True)
