"""Who may look where: what all layers of one call share, made once.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.2.3 (both kinds of sight).
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from helpers.attention.masks import causal_mask, padding_mask, sliding_window_mask
from helpers.positions.none import NoPositions


@dataclass(frozen=True)
class Look:
    """Who may look where: what attention must know beside the stream, the same in every layer of one call.

    Without a `mask` every position sees itself and what came before it, or everything if `is_causal` is off.
    `bias` is added to the scores. A list given as `maps` receives each layer's attention weights, B H T S;
    without it torch's fused kernel runs and never stores them.
    """

    scheme: NoPositions = field(default_factory=NoPositions)
    positions: Int[Tensor, "*#B T"] | None = None
    mask: Bool[Tensor, "*#lead T S"] | None = None
    bias: Float[Tensor, "*#B H T S"] | None = None
    is_causal: bool = True
    maps: list[Tensor] | None = None


def merged(
    mask: Bool[Tensor, "*lead T S"] | None, bias: Float[Tensor, "*#B H T S"] | None
) -> Bool[Tensor, "..."] | Float[Tensor, "..."] | None:
    """A mask and a bias as the one table that torch's kernel takes: −∞ where nobody may look."""
    if mask is None or bias is None:
        return mask if bias is None else bias
    return bias.masked_fill(~mask, float("-inf"))


def look_back(
    scheme: NoPositions,
    positions: Int[Tensor, "*#B T"],
    n_keys: int,
    mask: Bool[Tensor, "*#B T S"] | None = None,
    maps: list[Tensor] | None = None,
    *,
    window: int = 0,
) -> Look:
    """A decoder's sight: the queries are the last of `n_keys` places, and see themselves and what came before.

    A `mask` takes the place of the causal rule; a `window` narrows either, how far back one may look. A bias goes by
    the distance between places in the row: within one text it is the same, wherever the text's `positions` start.
    """
    n_queries, device = positions.shape[-1], positions.device
    if mask is not None:
        check_boolean(mask)
    places = torch.arange(n_keys, device=device)
    bias = scheme.score_bias(places[-n_queries:], places)
    if 0 < window < n_keys:
        near = (places[-n_queries:, None] - places) < window
        mask = sliding_window_mask(n_queries, n_keys, window, device) if mask is None else mask & near
    elif mask is None and bias is not None:
        mask = causal_mask(n_queries, n_keys, device)
    return _look(scheme, positions, mask, bias, bias is None, maps)


def check_boolean(mask: Tensor) -> None:
    """Raise unless the mask is boolean: torch would add any other to the scores, and 0 and 1 hide nothing there."""
    if mask.dtype != torch.bool:
        raise ValueError(f"a mask is boolean, True where one may look, got {mask.dtype}: use mask.bool()")


def look_both_ways(
    scheme: NoPositions,
    positions: Int[Tensor, " T"],
    is_token: Bool[Tensor, "B T"] | None = None,
    maps: list[Tensor] | None = None,
) -> Look:
    """An encoder's sight: everybody sees the whole row, padding left out."""
    mask = None if is_token is None else seen_by_all(is_token, len(positions))
    return _look(scheme, positions, mask, scheme.score_bias(positions, positions), False, maps)


def seen_by_all(is_token: Bool[Tensor, "B S"], n_queries: int) -> Bool[Tensor, "B 1 T S"]:
    """Every query may look at every real token of its row and at none of the padding."""
    return padding_mask(is_token).expand(-1, -1, n_queries, -1)


def _look(
    scheme: NoPositions,
    positions: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    is_causal: bool,
    maps: list[Tensor] | None,
) -> Look:
    """Mask and bias go into one table here, once, not in every layer."""
    if mask is not None and mask.ndim == 3:
        mask = mask[:, None]  # B 1 T S: the same for all heads
    if bias is not None:
        mask, bias = None, merged(mask, bias)
    return Look(scheme, positions, mask, bias, is_causal, maps)
