"""Span corruption: cut a few stretches out of a text, put a numbered mark in place of each, and ask for what was cut.

Unlike masking, the answer is a text of its own: each mark, then the words that it stands for. The model is not told
how many words a mark hides. A text begins with a word that is kept and ends with one that is cut, as in the authors'
code.

Source: Raffel et al. 2019, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
arXiv:1910.10683, sections 3.1.4 and 3.3.4, figure 2.
"""

import random
from collections.abc import Sequence
from itertools import pairwise


def lengths(total: int, n: int, chance: random.Random) -> list[int]:
    """`n` lengths of at least 1 with this sum; every way to cut is equally likely."""
    if not 1 <= n <= total:
        raise ValueError(f"{total} tokens can be cut into 1 to {total} parts that are not empty, got {n=}")
    cuts = sorted(chance.sample(range(1, total), n - 1))
    return [end - start for start, end in pairwise([0, *cuts, total])]


def corrupt_spans(
    ids: Sequence[int], sentinels: Sequence[int], chance: random.Random, share: float = 0.15, mean_length: float = 3.0
) -> tuple[list[int], list[int]]:
    """The text with marks instead of spans, and the answer: each mark with its span; one more mark says "the end"."""
    n_cut = max(1, round(share * len(ids)))
    n_spans = max(1, round(n_cut / mean_length))
    source: list[int] = []
    target: list[int] = []
    place = 0
    cut, kept = lengths(n_cut, n_spans, chance), lengths(len(ids) - n_cut, n_spans, chance)
    for mark, n_kept, n_gone in zip(sentinels[:n_spans], kept, cut, strict=True):
        source += [*ids[place : place + n_kept], mark]
        target += [mark, *ids[place + n_kept : place + n_kept + n_gone]]
        place += n_kept + n_gone
    return source, [*target, sentinels[n_spans]]
