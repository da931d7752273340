"""Exposure: how much nearer to the first guess a secret has come because a model has read it.

Whoever looks for a secret tries the likeliest candidates first. Before training the secret's place in that order is any
place; exposure says how many times the search has been halved since. For `n` candidates it is log₂ n when the model's
first guess is right, and about 1 on average when nothing was learned.

Source: Carlini et al. 2019, "The Secret Sharer", arXiv:1802.08232, definitions 2 and 4.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


def exposure(log_probs: Float[Tensor, " N"], secret: int) -> float:
    """log₂ N − log₂ rank, in bits; the rank of candidate number `secret` is 1 if none is likelier."""
    if not 0 <= secret < len(log_probs):
        raise ValueError(f"the secret is one of the {len(log_probs)} candidates, got number {secret}")
    rank = 1 + (log_probs > log_probs[secret]).sum().item()
    return math.log2(len(log_probs)) - math.log2(rank)


@torch.inference_mode()
def code_log_probs(
    model: nn.Module, prompt: Sequence[int], symbols: Sequence[int], n_symbols: int
) -> Float[Tensor, " N"]:
    """log p of every code of `n_symbols` after the prompt, in the order of counting: 0000, 0001, 0002, …

    By the chain rule: codes that begin alike share what was computed for their beginning.
    """
    device = next(model.parameters()).device
    codes, total = torch.tensor([list(prompt)], device=device), torch.zeros(1, device=device)
    choices = torch.tensor(list(symbols), device=device)
    for _ in range(n_symbols):
        after = model(codes)[:, -1].log_softmax(-1)[:, choices]
        total = (total[:, None] + after).flatten()
        codes = torch.cat([codes.repeat_interleave(len(choices), 0), choices.repeat(len(codes))[:, None]], dim=1)
    return total
