"""Answering only where one is sure: how many of the answers that are given are right, for every share that is given.

A system that may decline trades coverage, the share of cases it answers, for accuracy on those. The whole curve says
what a signal of confidence is worth: a useless one gives a flat line.

Source: El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification", JMLR 11, for coverage
and risk.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def selective_accuracy(confidence: Float[Tensor, " N"], is_right: Bool[Tensor, " N"]) -> Float[Tensor, " N"]:
    """The share of right answers among the 1, 2, …, N surest; the last is the plain accuracy."""
    in_order = is_right[confidence.argsort(descending=True, stable=True)].float()
    return in_order.cumsum(0) / torch.arange(1, len(in_order) + 1)
