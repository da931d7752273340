"""Recall at k: for how many questions is a right passage among the first k found?"""

from collections.abc import Container, Sequence


def recall_at_k(found: Sequence[Sequence[str]], right: Sequence[Container[str]], k: int) -> float:
    """The share of questions for which one of the first `k` places that were found is a right one.

    >>> recall_at_k([["a", "b"], ["c", "d"]], [{"b"}, {"x"}], k=2)
    0.5
    """
    if not found:
        raise ValueError("recall is a mean over questions, got none")
    hits = [any(place in wanted for place in places[:k]) for places, wanted in zip(found, right, strict=True)]
    return sum(hits) / len(hits)
