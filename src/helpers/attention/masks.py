"""Which key may be looked at by which query. Masks are boolean here: True means "may look".

So masks join like sentences: `causal & padding` is "what came before me and is a token". The other convention of
the field, True means "hide", is that of torch.nn.MultiheadAttention's masks.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.2.3.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor


def causal_mask(
    n_queries: int, n_keys: int | None = None, device: torch.device | str | None = None
) -> Bool[Tensor, "T S"]:
    """Every position may look at itself and at what came before it.

    With more keys than queries (a cache holds the past), the queries are the last positions.
    """
    n_keys = n_queries if n_keys is None else n_keys
    if n_keys < n_queries:
        raise ValueError(f"a query has a key of its own, so n_keys >= n_queries, got {n_queries=}, {n_keys=}")
    return torch.ones(n_queries, n_keys, dtype=torch.bool, device=device).tril(n_keys - n_queries)


def sliding_window_mask(
    n_queries: int, n_keys: int, window: int, device: torch.device | str | None = None
) -> Bool[Tensor, "T S"]:
    """Every position may look at itself and at the window − 1 positions before it.

    Source: Beltagy et al. 2020, "Longformer", arXiv:2004.05150, section 3.1; Jiang et al. 2023, "Mistral 7B",
    arXiv:2310.06825, section 2.
    """
    if window < 1:
        raise ValueError(f"a window holds at least the position itself, so window >= 1, got {window=}")
    return causal_mask(n_queries, n_keys, device).triu(n_keys - n_queries - window + 1)


def prefix_mask(
    n: int, n_prefix: int | Int[Tensor, " B"], device: torch.device | str | None = None
) -> Bool[Tensor, "T T"] | Bool[Tensor, "B 1 T T"]:
    """The first `n_prefix` positions see each other in both directions, those after them what came before.

    One length for all rows gives T T, a length for each row gives B 1 T T.

    Source: Raffel et al. 2019, "Exploring the Limits of Transfer Learning", arXiv:1910.10683, section 3.2.1.
    """
    if isinstance(n_prefix, Tensor):
        device = n_prefix.device if device is None else device
        n_prefix = n_prefix[:, None, None, None].to(device)
    return causal_mask(n, device=device) | (torch.arange(n, device=device) < n_prefix)


def padding_mask(is_token: Bool[Tensor, "B S"]) -> Bool[Tensor, "B 1 1 S"]:
    """Only real tokens may be looked at: the keys that merely fill a row up are hidden from everybody.

    A filler in front of a row then has nothing left to look at; see `self_mask`.
    """
    return is_token[:, None, None, :]


def self_mask(
    n_queries: int, n_keys: int | None = None, device: torch.device | str | None = None
) -> Bool[Tensor, "T S"]:
    """Every position may look at itself and at nothing else.

    Joined last, with `|`, it makes sure that every query has something to look at. A row of scores that are all
    −∞ has the softmax 0/0 = nan, and in the next layer that nan reaches everybody, because a weight of 0 times
    nan is nan. With `causal & padding | self_mask(n)` a filler looks at itself and nobody looks at the filler.
    """
    n_keys = n_queries if n_keys is None else n_keys
    return causal_mask(n_queries, n_keys, device).triu(n_keys - n_queries)


def document_mask(document_ids: Int[Tensor, "B T"]) -> Bool[Tensor, "B 1 T T"]:
    """Documents packed into one row see only themselves, in both directions; join with `causal_mask` by `&`.

    Source: Grattafiori et al. 2024, "The Llama 3 Herd of Models", arXiv:2407.21783, section 3.2.
    """
    return (document_ids[:, :, None] == document_ids[:, None, :])[:, None]


def positions_within_documents(document_ids: Int[Tensor, "B T"]) -> Int[Tensor, "B T"]:
    """How far each token stands from the start of its own document; a new id starts a new document."""
    index = torch.arange(document_ids.shape[1], device=document_ids.device).expand_as(document_ids)
    starts = torch.ones_like(document_ids, dtype=torch.bool)
    starts[:, 1:] = document_ids[:, 1:] != document_ids[:, :-1]
    return index - index.where(starts, 0).cummax(dim=1).values
