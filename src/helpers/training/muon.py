"""Muon: momentum whose every direction is given the same length.

Where AdamW scales each number by itself, Muon takes a matrix as a whole and replaces its singular values by about 1,
so that rare directions are learned as fast as common ones.

It is meant for the matrices inside the blocks; embeddings, the head, norms and biases stay with AdamW.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks",
kellerjordan.github.io/posts/muon;
Bernstein and Newhouse 2024, "Old Optimizer, New Norm", arXiv:2409.20325, section 2 (Newton-Schulz iteration).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

# p(x) = a x + b x³ + c x⁵ has a steep start: five rounds bring singular values from 0.01 to 1 into about 0.7 … 1.15.
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonalise(
    matrices: Float[Tensor, "*lead rows columns"], n_rounds: int = 5
) -> Float[Tensor, "*lead rows columns"]:
    """Matrices with the same singular vectors and singular values of about 1, without a decomposition."""
    if matrices.shape[-2] > matrices.shape[-1]:
        return orthogonalise(matrices.mT, n_rounds).mT  # the product below is the smaller one this way round
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)  # no singular value exceeds the norm
    for _ in range(n_rounds):
        gram = x @ x.mT
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x


def no_closure(closure: object) -> None:
    """Raise if a step is asked to compute the loss again: the loop of this book has done so before."""
    if closure is not None:
        raise ValueError("a step is taken from the gradients that are there: call step() without a closure")


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, matrices of one shape at a time. `lr` is the length of a step: about 0.02."""

    def __init__(
        self, matrices: Iterable[nn.Parameter], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0
    ):
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        for parameter in (p for group in self.param_groups for p in group["params"]):
            if parameter.ndim != 2:
                raise ValueError(
                    f"Muon moves matrices, got a parameter of shape {tuple(parameter.shape)}: give it to AdamW"
                )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every matrix that has a gradient."""
        no_closure(closure)
        for group in self.param_groups:
            shapes: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes[parameter.shape].append(parameter)
            for matrices in shapes.values():
                self._move(matrices, group)

    def _move(self, matrices: list[nn.Parameter], group: dict[str, Any]) -> None:
        gradients = [matrix.grad for matrix in matrices if matrix.grad is not None]
        momenta = [self._momentum(matrix) for matrix in matrices]
        weights: list[Tensor] = list(matrices)
        torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, momenta, group["momentum"])  # Nesterov: one step further
        rows, columns = matrices[0].shape
        length = group["lr"] * max(1.0, rows / columns) ** 0.5  # a wider output takes a longer step
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(weights, list(orthogonalise(torch.stack(ahead))), alpha=-length)

    def _momentum(self, matrix: nn.Parameter) -> Tensor:
        state = self.state[matrix]
        if not state:
            state["momentum"] = torch.zeros_like(matrix)
        return state["momentum"]
