"""Recall heads: when a text comes back to a name, does a head look to where the name was said before?

Here the truth is known, because a storyteller says where each fact is mentioned. So a head's look can be scored, and
not only admired.

Convention: place i of the input predicts the token at place i + 1. What was said at places a to b − 1 may be fetched
from there, or from place b, which can carry what stood before it.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Said = tuple[str, int, int]  # what is said, the first of its places, and the one after its last


def recall_targets(said: Sequence[Said], n_places: int) -> Bool[Tensor, "T T"]:
    """Row: a place that is about to say something again. True: the places where it was said before.

    >>> recall_targets([("Leo", 2, 3), ("Leo", 5, 6)], 6).nonzero().tolist()
    [[4, 2], [4, 3]]
    """
    targets = torch.zeros(n_places, n_places, dtype=torch.bool)
    for i, (value, first, _) in enumerate(said):
        for earlier, start, end in said[:i]:
            if earlier == value:
                targets[first - 1, start : end + 1] = True
    return targets.tril()


def weight_on(weights: Float[Tensor, "B H T T"], targets: Bool[Tensor, "B T T"]) -> Float[Tensor, " H"]:
    """Of each head the mean weight on the targets, over the places that have any; 1 is to look nowhere else."""
    asks = targets.any(dim=-1)
    return (weights * targets[:, None]).sum(dim=-1).transpose(0, 1)[:, asks].mean(dim=-1)
