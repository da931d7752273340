"""Induction heads: "the last time this token came, what followed?" – how a model copies from its own prompt.

It takes two layers. A head of the first writes into each place which token stood before it; a head of the second looks
for places that had the present token before them, and passes on what stands there.

Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"; Olsson et al. 2022, "In-context
Learning and Induction Heads", arXiv:2209.11895 (prefix matching score).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def induction_score(weights: Float[Tensor, "B H T T"], ids: Int[Tensor, "B T"], every: int = 1) -> Float[Tensor, " H"]:
    """Of each head the mean weight on tokens that followed an earlier occurrence of the present one.

    The mean goes over places whose token has occurred before; 1 is a perfect induction head. With `every` = 2 only
    every second place counts, from the first on: where questions and answers take turns, the questions.
    """
    same = (ids[:, :, None] == ids[:, None, :]).tril(-1)
    followed = same.roll(1, dims=2).tril()  # key s stands right after a place where the query's token stood
    followed[:, :, 0] = False
    asks = followed.any(dim=2)[:, ::every]
    on_them = (weights * followed[:, None]).sum(dim=-1)[:, :, ::every]  # B H T
    return torch.stack([head[asks].mean() for head in on_them.unbind(1)])


def previous_token_score(weights: Float[Tensor, "B H T T"]) -> Float[Tensor, " H"]:
    """Of each head the mean weight with which a place looks at the one just before it."""
    return weights.diagonal(-1, dim1=2, dim2=3).mean(dim=(0, 2))
