"""How surprised a model is by text it has never seen, in nats.

Source: Shannon 1948, "A Mathematical Theory of Communication", sections 6 and 7.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor, nn


class Mean(NamedTuple):
    """A mean and its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f}"


def mean_with_error(values: Sequence[float]) -> Mean:
    """The mean of independent measurements and how far it may be off: the sample deviation over √n."""
    if len(values) < 2:
        raise ValueError(f"a standard error needs at least 2 values, got {len(values)}")
    mean = math.fsum(values) / len(values)
    variance = math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)
    return Mean(mean, math.sqrt(variance / len(values)))


@torch.inference_mode()
def row_nats(
    model: nn.Module, inputs: Int[Tensor, "B T"], targets: Int[Tensor, "B T"], rows_at_once: int = 32
) -> list[float]:
    """−log p of each row's targets under the model, in nats; targets of −100 are left out.

    Summed over a whole row, so that models with other tokenizers, and the true probability, can be compared.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    nats: list[float] = []
    for x, y in zip(inputs.split(rows_at_once), targets.split(rows_at_once), strict=True):
        logits = model(x.to(device)).transpose(1, 2)
        nats += nn.functional.cross_entropy(logits, y.to(device), reduction="none").sum(dim=1).tolist()
    model.train(was_training)
    return nats
