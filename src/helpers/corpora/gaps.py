"""A gap in a tale: how likely is each word there, given what stands before it and what comes after?

A model that reads from left to right knows `tales.next_words`. One that reads in both directions can know more: by
Bayes' rule a word's probability in the gap is that of the whole text with this word, divided by the sum over all words.
The text may be the beginning of a tale; then what comes after the gap ends where the text does.

Source: Taylor 1953, "Cloze Procedure", for filling gaps as a measure; the rule is Bayes'.
"""

import math
from collections.abc import Sequence

from helpers.corpora import tales


def log_prob_so_far(words: Sequence[str]) -> float:
    """Natural logarithm of the probability that a tale begins with these words; -inf if none does."""
    listener, total = tales.teller(), 0.0
    for word in words:
        p = listener.dist().get(word, 0.0)
        if p == 0:
            return -math.inf
        total += math.log(p)
        listener.push(word)
    return total


def fillings(words: Sequence[str], place: int) -> dict[str, float]:
    """Exact probability of every word in the gap at this place, counted from 0, given all the words around it."""
    before, after = list(words[:place]), list(words[place + 1 :])
    can_follow = tales.next_words(tales.join(before))
    logs = {word: log_prob_so_far([*before, word, *after]) for word in can_follow if word != tales.END}
    most = max(logs.values())
    if most == -math.inf:
        raise ValueError(f"no word fits into the gap between {before[-3:]} and {after[:3]}: is the text of a tale?")
    shares = {word: math.exp(log - most) for word, log in logs.items() if log > -math.inf}
    return {word: share / sum(shares.values()) for word, share in shares.items()}
