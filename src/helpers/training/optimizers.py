"""How weights move: AdamW, with decay on the matrices only; or Muon inside the blocks and AdamW for the rest.

Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101, algorithm 2;
betas (0.9, 0.95) and decay 0.1 as in Brown et al. 2020, arXiv:2005.14165, appendix B.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from helpers.training.muon import Muon, no_closure


def adamw(
    model: nn.Module, lr: float, weight_decay: float = 0.1, betas: tuple[float, float] = (0.9, 0.95)
) -> torch.optim.AdamW:
    """AdamW that pulls matrices towards zero and leaves biases and norms alone: those have no reason to shrink."""
    return _adamw(dict(model.named_parameters()), lr, weight_decay, betas)


def _adamw(
    parameters: dict[str, nn.Parameter], lr: float, weight_decay: float, betas: tuple[float, float]
) -> torch.optim.AdamW:
    matrices = [p for name, p in parameters.items() if is_matrix(name, p)]
    others = [p for name, p in parameters.items() if not is_matrix(name, p)]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=betas, fused=True)


def is_matrix(name: str, parameter: nn.Parameter) -> bool:
    """Whether it maps vectors to vectors. Mamba's `A_log` has two axes too, but holds one number per memory."""
    return parameter.ndim >= 2 and name.endswith("weight")


class Together(torch.optim.Optimizer):
    """Several optimizers, each with its own share of the parameters, moved as one."""

    def __init__(self, *optimizers: torch.optim.Optimizer):
        self.optimizers = optimizers
        super().__init__([group for one in optimizers for group in one.param_groups], {})

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of each."""
        no_closure(closure)
        for optimizer in self.optimizers:
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """What each of them needs to go on."""
        return {"optimizers": [one.state_dict() for one in self.optimizers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Put each of them where it was when `state_dict` was taken."""
        for optimizer, state in zip(self.optimizers, state_dict["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.param_groups = [group for one in self.optimizers for group in one.param_groups]  # loading made new ones


def muon_and_adamw(
    model: nn.Module,
    muon_lr: float = 0.02,
    adamw_lr: float = 3e-3,
    weight_decay: float = 0.0,
    momentum: float = 0.95,
) -> Together:
    """Muon for the matrices of the model's `blocks`, AdamW for embeddings, head, norms and biases."""
    named = dict(model.named_parameters())
    inside = [p for name, p in named.items() if p.ndim == 2 and is_matrix(name, p) and "blocks." in name]
    if not inside:
        raise ValueError("Muon moves the matrices of a model's `blocks`, and this model has none: use adamw")
    taken = set(map(id, inside))
    rest = {name: p for name, p in named.items() if id(p) not in taken}
    return Together(
        Muon(inside, muon_lr, momentum, weight_decay), _adamw(rest, adamw_lr, weight_decay, betas=(0.9, 0.95))
    )
