"""A dictionary from sentence pairs alone: the translation of a word is the word that comes with it, and seldom without.

The least that can be called translation: words in the order of the source, each replaced by itself.

Source: Dice 1945, "Measures of the Amount of Ecologic Association Between Species", Ecology 26, for the coefficient.
"""

from collections import Counter
from collections.abc import Iterable, Sequence


def dictionary(pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> dict[str, str]:
    """For each word of the first language the one of the second with the highest Dice coefficient.

    >>> dictionary([(["red", "cat"], ["rote", "Katze"]), (["red", "hat"], ["rote", "Muetze"])])["cat"]
    'Katze'
    """
    together: Counter[tuple[str, str]] = Counter()
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for source, target in pairs:
        first.update(set(source))
        second.update(set(target))
        together.update((a, b) for a in set(source) for b in set(target))
    dice = {(a, b): 2 * n / (first[a] + second[b]) for (a, b), n in together.items()}
    best: dict[str, tuple[float, str]] = {}
    for (a, b), share in dice.items():
        best[a] = max(best.get(a, (0.0, "")), (share, b))
    return {a: b for a, (_, b) in best.items()}
