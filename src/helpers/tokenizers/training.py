"""Fast training of byte-pair encoding: count each distinct word once, update only the words a merge touches.

Unlike `byte_pairs.train_naive`, a merge costs as much as the words that hold the pair, not as the whole text.
An index says which words those are. A heap finds the next pair; its counts are corrected when they come up,
which is soon enough: the count of an old pair can only fall, so an entry that is still right is the maximum.

Source: Sennrich et al. 2016, arXiv:1508.07909, section 3.2 (the same index is in their released code).
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping

from helpers.tokenizers.byte_pairs import N_BYTES, Pair, count_pairs


class PairIndex:
    """Pair counts over the distinct words of a text, kept up to date as pairs are merged."""

    def __init__(self, words: Mapping[bytes, int]) -> None:
        self._words = [list(word) for word in words]
        self._n_times = list(words.values())
        self._counts: Counter[Pair] = Counter()
        self._words_with: defaultdict[Pair, set[int]] = defaultdict(set)
        for word in range(len(self._words)):
            self._update(word, count_pairs(self._words[word]))
        self._heap = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._heap)

    def most_frequent(self) -> tuple[Pair, int] | None:
        """The next pair to merge and its count; None when no pair is left."""
        while self._heap:
            count, pair = heapq.heappop(self._heap)
            if -count == self._counts[pair]:
                return pair, -count
            if self._counts[pair] > 0:
                heapq.heappush(self._heap, (-self._counts[pair], pair))
        return None

    def merge(self, pair: Pair, new_id: int) -> None:
        """Replace the pair in every word that holds it."""
        born: set[Pair] = set()
        for word in self._words_with.pop(pair):
            self._words[word], changes = merge_with_changes(self._words[word], pair, new_id)
            self._update(word, changes)
            born |= {p for p, change in changes.items() if change > 0}
        for p in born:
            heapq.heappush(self._heap, (-self._counts[p], p))

    def _update(self, word: int, changes: Counter[Pair]) -> None:
        for pair, change in changes.items():
            self._counts[pair] += change * self._n_times[word]
            if change > 0:
                self._words_with[pair].add(word)


def merge_with_changes(word: list[int], pair: Pair, new_id: int) -> tuple[list[int], Counter[Pair]]:
    """The merged word, and by how much each pair became more or less frequent in it.

    >>> merge_with_changes([1, 2, 3], (1, 2), 4)
    ([4, 3], Counter({(4, 3): 1, (1, 2): -1, (2, 3): -1}))
    """
    merged: list[int] = []
    changes: Counter[Pair] = Counter()
    i = 0
    while i < len(word):
        if i + 1 == len(word) or (word[i], word[i + 1]) != pair:
            merged.append(word[i])
            i += 1
            continue
        changes[pair] -= 1
        if merged:
            changes[merged[-1], pair[0]] -= 1
            changes[merged[-1], new_id] += 1
        if i + 2 < len(word):
            changes[pair[1], word[i + 2]] -= 1
            changes[new_id, word[i + 2]] += 1
        merged.append(new_id)
        i += 2
    return merged, changes


def train_merges(pieces: Mapping[str, int], n_merges: int, min_count: int = 2) -> list[Pair]:
    """The merges in the order they are learned, from how often each piece occurs."""
    index = PairIndex({piece.encode(): n for piece, n in pieces.items()})
    merges: list[Pair] = []
    while len(merges) < n_merges:
        found = index.most_frequent()
        if found is None or found[1] < min_count:
            break
        merges.append(found[0])
        index.merge(found[0], N_BYTES + len(merges) - 1)
    return merges
