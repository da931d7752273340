"""Two rankings become one: each gives a text 1/(k + its place), and the sums decide. Scores need not be comparable.

Source: Cormack, Clarke and Buettcher 2009, "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning
Methods", SIGIR.
"""

from collections import defaultdict
from collections.abc import Sequence


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]], k: int = 60) -> list[int]:
    """The numbers of all texts that some ranking names, the best first.

    >>> reciprocal_rank_fusion([[7, 1, 2], [1, 3, 7]])
    [1, 7, 3, 2]
    """
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for place, number in enumerate(ranking, start=1):
            scores[number] += 1 / (k + place)
    return sorted(scores, key=lambda number: -scores[number])
