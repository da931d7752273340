"""Byte-pair encoding in ten-line definitions: count neighbours, merge the most frequent pair, repeat.

These are the definitions to read. They walk over the whole text for every merge; `training.py` and
`bpe.py` give the same merges and ids and are fast.
Convention: ids 0..255 are the bytes, id 256 + i is made by merge number i. Among pairs that occur equally often
the one with the smallest ids wins, as in the `tokenizers` library.

Source: Gage 1994, "A New Algorithm for Data Compression"; Sennrich et al. 2016, arXiv:1508.07909, section 3.2,
algorithm 1. Bytes as base: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", 2.2.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

Pair = tuple[int, int]
N_BYTES = 256


def count_pairs(ids: Sequence[int]) -> Counter[Pair]:
    """How often each pair of neighbours occurs, overlaps included.

    >>> count_pairs([1, 2, 1, 2, 3])
    Counter({(1, 2): 2, (2, 1): 1, (2, 3): 1})
    """
    return Counter(pairwise(ids))


def merge(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """The ids with every occurrence of the pair, from left to right, replaced by the new id.

    >>> merge([1, 2, 1, 2, 3], (1, 2), 4)
    [4, 4, 3]
    >>> merge([7, 7, 7], (7, 7), 8)
    [8, 7]
    """
    merged: list[int] = []
    for i in ids:
        if merged and (merged[-1], i) == pair:
            merged[-1] = new_id
        else:
            merged.append(i)
    return merged


def most_frequent(counts: Counter[Pair]) -> Pair:
    """The pair with the highest count; among equals, the one with the smallest ids.

    >>> most_frequent(Counter({(5, 1): 3, (2, 9): 3, (1, 1): 2}))
    (2, 9)
    """
    return min(counts, key=lambda pair: (-counts[pair], pair))


def train_naive(pieces: Iterable[str], n_merges: int, min_count: int = 2) -> list[Pair]:
    """The merges in the order they are learned from the pieces; fewer if no pair occurs `min_count` times.

    >>> train_naive(["low", "lower", "lowest"], 2)
    [(108, 111), (256, 119)]
    """
    words = [list(piece.encode()) for piece in pieces]
    merges: list[Pair] = []
    while len(merges) < n_merges:
        counts: Counter[Pair] = Counter()
        for word in words:
            counts.update(count_pairs(word))
        if not counts or max(counts.values()) < min_count:
            break
        merges.append(most_frequent(counts))
        words = [merge(word, merges[-1], N_BYTES + len(merges) - 1) for word in words]
    return merges


def encode_naive(piece: str, merges: Sequence[Pair]) -> list[int]:
    """The ids of one piece: all merges, applied in the order they were learned.

    >>> encode_naive("slow", [(108, 111), (256, 119)])
    [115, 257]
    """
    ids = list(piece.encode())
    for i, pair in enumerate(merges):
        ids = merge(ids, pair, N_BYTES + i)
    return ids
