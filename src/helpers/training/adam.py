"""AdamW: every weight takes steps of about the learning rate, whatever the size of its gradient.

The step is the gradient's running mean divided by the root of its running square: 1 where the gradient always points
the same way, near 0 where it is noise. Decay pulls the weights towards 0 beside that step, not through the gradient,
where the division would undo it. As in torch the decay is multiplied by the learning rate; in the paper by the schedule
alone.

Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101, algorithm 2;
Kingma and Ba 2015, "Adam", arXiv:1412.6980, section 3 (the running means start at 0 and are corrected for it).
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.training.muon import no_closure


class AdamW(torch.optim.Optimizer):
    """The equations, one weight tensor at a time. `adamw(model, lr)` gives torch's, which does it in one pass."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
    ):
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"a beta is the share of the past in a running mean, from 0 to below 1, got {betas=}")
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient; the others keep their memory and do not decay."""
        no_closure(closure)
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state, (beta1, beta2) = self.state[weight], group["betas"]
        if not state:
            state.update(t=0, mean=torch.zeros_like(weight), square=torch.zeros_like(weight))
        state["t"] += 1
        mean = state["mean"].lerp_(gradient, 1 - beta1)
        square = state["square"].lerp_(gradient * gradient, 1 - beta2)
        mean_hat = mean / (1 - beta1 ** state["t"])
        square_hat = square / (1 - beta2 ** state["t"])
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.sub_(group["lr"] * mean_hat / (square_hat.sqrt() + group["eps"]))
