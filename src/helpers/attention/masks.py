"""Which key may be looked at by which query. Masks are boolean here: True means "may look".

The other convention of the field, True means "hide", is that of torch.nn.MultiheadAttention's masks.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.2.3.
"""

import torch
from jaxtyping import Bool
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
