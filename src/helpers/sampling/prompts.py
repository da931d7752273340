"""Prompts of different lengths go side by side when the short ones are padded on the left: all end in one column.

Nobody may look at the padding, and each row counts its positions from its own first token, so a padded row reads
what it would read alone. The padding repeats the row's first token, so it never adds a token to those it has seen.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from helpers.attention import causal_mask, padding_mask, self_mask

Ids = Int[Tensor, "_ _"] | Sequence[Sequence[int] | Int[Tensor, " _"]]


class Prompts(NamedTuple):
    """Token ids that end in one column, and how many places on the left of each row are padding (None: none at all)."""

    ids: Int[Tensor, "B T"]
    n_padding: Int[Tensor, " B"] | None = None


def left_padded(prompts: Ids, device: torch.device | str | None = None) -> Prompts:
    """The prompts as one tensor; a list may hold rows of different lengths, which go to `device`."""
    rows = [prompts[0]] if isinstance(prompts, Tensor) else [torch.as_tensor(row, device=device) for row in prompts]
    if not rows or any(row.ndim != 1 for row in rows):
        raise ValueError(f"a batch is a list of prompts, each of them a row of ids, got {prompts!r}")
    lengths = [len(row) for row in rows]
    if min(lengths) < 1:
        raise ValueError(f"a prompt needs at least one token to continue from, got an empty one: lengths {lengths}")
    if isinstance(prompts, Tensor):
        return Prompts(prompts)
    n_padding = [max(lengths) - length for length in lengths]
    ids = torch.stack([torch.cat([row[:1].expand(n), row]) for row, n in zip(rows, n_padding, strict=True)])
    return Prompts(ids, torch.tensor(n_padding, device=ids.device) if any(n_padding) else None)


def padded_look(
    n_padding: Int[Tensor, " B"], past: int, end: int
) -> tuple[Bool[Tensor, "B 1 T S"], Int[Tensor, "B T"]]:
    """Which keys the columns `past` … `end` − 1 may look at, and the position of each in its own row."""
    n_new, device = end - past, n_padding.device
    columns = torch.arange(end, device=device)
    is_token = padding_mask(columns >= n_padding[:, None])
    mask = causal_mask(n_new, end, device) & is_token | self_mask(n_new, end, device)
    return mask, (columns[past:] - n_padding[:, None]).clamp(min=0)
