"""Two texts are near-duplicates when they share most of their shingles: the runs of a few words that they hold.

Comparing all pairs exactly is the truth, and grows with the square of the corpus; `helpers.corpora.minhash` finds the
same pairs without looking at most of them.

Source: Broder 1997, "On the Resemblance and Containment of Documents", section 2 (shingles, resemblance);
Lee et al. 2021, "Deduplicating Training Data Makes Language Models Better", arXiv:2107.06499, section 4.2 (pairs become
clusters, and one text of each stays).
"""

from collections.abc import Iterable, Sequence

from helpers.corpora.documents import words_of

Shingles = frozenset[str]
Pair = tuple[int, int]


def shingles(text: str, n: int = 5) -> Shingles:
    """Every run of `n` words of a text; a shorter text is one shingle.

    >>> sorted(shingles("A fox met a fox.", n=3))
    ['a fox met', 'fox met a', 'met a fox']
    """
    words = words_of(text)
    return frozenset(" ".join(words[i : i + n]) for i in range(max(1, len(words) - n + 1)))


def jaccard(a: Shingles, b: Shingles) -> float:
    """How alike two sets are: what they share of all that they hold, from 0 to 1."""
    return len(a & b) / len(a | b)


def similar_pairs(texts: Sequence[Shingles], threshold: float) -> set[Pair]:
    """All pairs that are at least so alike, found the honest way: by comparing each text with each."""
    return {
        (i, j) for j, text in enumerate(texts) for i in range(j) if jaccard(texts[i], text) >= threshold
    }  # fmt: skip


def clusters(n: int, pairs: Iterable[Pair]) -> list[int]:
    """For each of `n` texts the first text that it is connected to by pairs, directly or through others (union-find).

    >>> clusters(5, [(3, 4), (1, 3)])
    [0, 1, 2, 1, 1]
    """
    parent = list(range(n))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]  # every second step is shortened for those who come later
            i = parent[i]
        return i

    for pair in pairs:
        first, second = sorted(map(root, pair))
        parent[second] = first
    return [root(i) for i in range(n)]


def copies(cluster_of: Sequence[int]) -> set[int]:
    """The texts that can go: all but the first of each cluster."""
    return {i for i, first in enumerate(cluster_of) if i != first}
