"""A watermark: a secret key colours half of all tokens green at each place, and green tokens are made likelier.

A reader sees nothing. Whoever holds the key counts: a text that knows nothing of it has a share of green tokens as a
coin would throw, a marked one has more. What is nearly certain cannot be marked, because the bias only tips a choice.

Convention: the list depends on the key and the previous token ("lefthash"), as in `transformers`. A pair of neighbours
that comes again is counted once: it would throw the same coin twice. The first token has no list.
Source: Kirchenbauer et al. 2023, "A Watermark for Large Language Models", arXiv:2301.10226, algorithm 2 and equation 3.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def green_list(previous: int, vocab_size: int, share: float, key: int) -> Bool[Tensor, " {vocab_size}"]:
    """Which tokens are green after the token `previous`: a random set, always the same for the same key."""
    chance = torch.Generator().manual_seed(key * previous % (2**64 - 1))
    is_green = torch.zeros(vocab_size, dtype=torch.bool)
    is_green[torch.randperm(vocab_size, generator=chance)[: int(share * vocab_size)]] = True
    return is_green


def z_score(n_green: float, n: int, share: float) -> float:
    """By how many standard deviations more tokens are green than a coin with this share would throw."""
    return (n_green - share * n) / math.sqrt(n * share * (1 - share))


@dataclass(frozen=True)
class Watermark:
    """A key, the share of tokens that are green, and by how much a green token's logit is raised."""

    vocab_size: int
    key: int = 15485863
    share: float = 0.5
    bias: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(f"share is the part of all tokens that is green, above 0 and below 1, got {self.share}")

    @cached_property
    def is_green(self) -> Bool[Tensor, "V V"]:
        """Row p is the list after token p; with a large vocabulary one would draw a row when it is needed."""
        return torch.stack([green_list(p, self.vocab_size, self.share, self.key) for p in range(self.vocab_size)])

    def __call__(self, logits: Float[Tensor, "*lead V"], previous: Int[Tensor, "*lead"]) -> Float[Tensor, "*lead V"]:
        """The logits with those of green tokens raised."""
        return logits + self.bias * self.is_green.to(logits.device)[previous]

    def colours(self, ids: Sequence[int]) -> list[bool | None]:
        """Of each token whether it is green; None where nothing is counted: at the first, and at a repeated pair."""
        pairs, text = list(pairwise(ids)), torch.as_tensor(ids, dtype=torch.long)
        first = {pair: place for place, pair in reversed(list(enumerate(pairs)))}
        green = self.is_green[text[:-1], text[1:]].tolist()
        counted = [green[i] if first[pair] == i else None for i, pair in enumerate(pairs)]
        return [None, *counted] if len(text) else []

    def z(self, ids: Sequence[int]) -> float:
        """How far from chance the text's colours are; a few standard deviations say that it is marked."""
        counted = [colour for colour in self.colours(ids) if colour is not None]
        if not counted:
            raise ValueError(f"a text needs at least 2 tokens to be judged, got {len(ids)}")
        return z_score(sum(counted), len(counted), self.share)
