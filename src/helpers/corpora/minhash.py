"""The smallest hash of a set is a fair draw from it, so two sets share their smallest hash as often as they are alike.

For a random hash function the chance that two sets have the same minimum is their Jaccard similarity. Many functions
give a signature: the share of places where two signatures agree estimates the similarity, and equal bands of signatures
find the pairs that are worth a comparison. A pair of similarity s meets in one of b bands of r hashes
with probability 1 − (1 − s^r)^b, a steep S near (1/b)^(1/r).

Source: Broder 1997, "On the Resemblance and Containment of Documents", section 2; Carter and Wegman 1979, "Universal
Classes of Hash Functions", for (a x + b) mod p; Lee et al. 2021, arXiv:2107.06499, section 4.2.
"""

import zlib
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Int

from helpers.corpora.near_duplicates import Pair, Shingles, clusters, shingles

PRIME = 2**31 - 1  # products of two such numbers fit into 64 bits


class MinHash:
    """`n_hashes` random functions (a x + b) mod p; the same seed draws the same ones."""

    def __init__(self, n_hashes: int = 128, seed: int = 0):
        rng = np.random.default_rng(seed)
        self.a = rng.integers(1, PRIME, n_hashes)
        self.b = rng.integers(0, PRIME, n_hashes)

    def signature(self, text: Shingles) -> Int[np.ndarray, " H"]:
        """The smallest value of each function over the text's shingles."""
        # Python's own hash() of a string is another in every process.
        x = np.array([zlib.crc32(shingle.encode()) % PRIME for shingle in text], dtype=np.int64)
        return ((self.a[:, None] * x + self.b[:, None]) % PRIME).min(axis=1)

    def signatures(self, texts: Sequence[Shingles]) -> Int[np.ndarray, "N H"]:
        """One signature a row."""
        return np.array([self.signature(text) for text in texts]).reshape(len(texts), len(self.a))


def estimated_jaccard(a: Int[np.ndarray, " H"], b: Int[np.ndarray, " H"]) -> float:
    """The share of places where two signatures agree: unbiased, with the standard error √(s (1 − s) / H)."""
    return float((a == b).mean())


def collision_probability(similarity: float, n_bands: int, n_rows: int) -> float:
    """How likely two texts of this similarity meet in at least one of `n_bands` bands of `n_rows` hashes."""
    return 1 - (1 - similarity**n_rows) ** n_bands


def candidate_pairs(signatures: Int[np.ndarray, "N H"], n_bands: int) -> set[Pair]:
    """Pairs of texts whose signatures agree in all of a band (locality-sensitive hashing)."""
    if signatures.shape[1] % n_bands:
        raise ValueError(f"bands have equally many hashes, got {signatures.shape[1]} hashes and {n_bands=}")
    pairs: set[Pair] = set()
    for band in np.split(signatures, n_bands, axis=1):
        _, bucket = np.unique(band, axis=0, return_inverse=True)
        bucket = bucket.reshape(-1)  # NumPy 2.0 alone gives it a second axis
        order = np.argsort(bucket, kind="stable")
        starts = np.flatnonzero(np.diff(bucket[order])) + 1
        for group in np.split(order, starts):
            pairs.update(combinations(group.tolist(), 2))
    return pairs


def near_duplicate_clusters(
    texts: Sequence[str], threshold: float = 0.45, n_bands: int = 32, minhash: MinHash | None = None, n: int = 5
) -> list[int]:
    """For each text the first one of its cluster; connected are candidates whose estimated similarity is high enough.

    Before anything is compared, equal texts become one: a page that was copied ten thousand times would make fifty
    million pairs.
    """
    first_with: dict[Shingles, int] = {}
    same = [first_with.setdefault(shingles(text, n), i) for i, text in enumerate(texts)]
    kept = list(first_with.values())
    signatures = (minhash or MinHash()).signatures(list(first_with))
    pairs = [
        (kept[i], kept[j])
        for i, j in candidate_pairs(signatures, n_bands)
        if estimated_jaccard(signatures[i], signatures[j]) >= threshold
    ]
    return clusters(len(texts), [*enumerate(same), *pairs])
