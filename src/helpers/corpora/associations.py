"""Sequences in which symbols have names that only the sequence itself tells: what it takes to learn from a prompt.

Every row makes up a new dictionary from 8 symbols to 8 labels and shows it by pairs, symbol, label, symbol, label.
A label can be known if its symbol has occurred before, and must be guessed otherwise, so the best possible loss and the
best possible accuracy are exact numbers. Rows with few symbols are easy, rows with many are hard.

Convention: symbols are the ids 0 to 7, labels 8 to 15.
Source: Olsson et al. 2022, "In-context Learning and Induction Heads", arXiv:2209.11895; Reddy 2023, "The mechanistic
basis of data dependence and abrupt learning in an in-context classification task", arXiv:2312.03002.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

N_SYMBOLS = 8


def associations(
    n_rows: int, n_pairs: int, generator: torch.Generator, fewest: int = 2
) -> Int[Tensor, "{n_rows} 2*{n_pairs}"]:
    """Rows of symbol, label, symbol, label, …; each row has a dictionary and `fewest` to 8 symbols of its own."""
    dictionary = N_SYMBOLS + torch.randint(N_SYMBOLS, (n_rows, N_SYMBOLS), generator=generator)
    n_used = torch.randint(fewest, N_SYMBOLS + 1, (n_rows, 1), generator=generator)
    used = torch.rand(n_rows, N_SYMBOLS, generator=generator).argsort(dim=1)
    drawn = (torch.rand(n_rows, n_pairs, generator=generator) * n_used).long()
    symbols = used.gather(1, drawn)
    return torch.stack([symbols, dictionary.gather(1, symbols)], dim=2).flatten(1)


def is_known(ids: Int[Tensor, "B T"]) -> Bool[Tensor, "B T//2"]:
    """Of each label, whether its symbol has occurred in an earlier pair of the row."""
    symbols = ids[:, ::2]
    return (symbols[:, :, None] == symbols[:, None, :]).tril(-1).any(dim=2)
