"""BM25: a text is about a question when it has the question's rare words, often, and is not long.

Each word of the question adds its rarity times how often the text has it. The second count matters less than the first,
the third less still (`k1` says how soon it levels off), and a text that is longer than the mean has to say a word more
often to count as much (`b` says how far).

Convention: the rarity and the defaults are those of SQLite's FTS5, which never lets a word count less than 0.000001;
FTS5 gives the score with a minus sign, so that the best comes first in ascending order.
Source: Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", section 3, equations
3.3 and 3.15; SQLite, "FTS5 Extension", section "The bm25() function".
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def words(text: str) -> list[str]:
    """The words of a text in lower case, without marks: what FTS5's `unicode61` takes for English.

    >>> words("What's BM25?")
    ['what', 's', 'bm25']
    """
    return re.findall(r"[^\W_]+", text.lower())


def inverse_document_frequency(n_texts_with_it: int, n_texts: int) -> float:
    """How much a word tells: the log-odds that a text lacks it, and next to nothing if half of the texts have it."""
    return max(math.log((n_texts - n_texts_with_it + 0.5) / (n_texts_with_it + 0.5)), 1e-6)


def bm25(question: str, texts: Sequence[str], k1: float = 1.2, b: float = 0.75) -> Float[Tensor, " N"]:
    """How well each text fits the question; 0 for a text that has none of its words."""
    counts = [Counter(words(text)) for text in texts]
    lengths = torch.tensor([count.total() for count in counts], dtype=torch.double)
    length_norm = 1 - b + b * lengths / lengths.mean()
    scores = torch.zeros(len(texts), dtype=torch.double)
    for word in set(words(question)):
        n = torch.tensor([count[word] for count in counts], dtype=torch.double)
        rarity = inverse_document_frequency(int((n > 0).sum()), len(texts))
        scores += rarity * n * (k1 + 1) / (n + k1 * length_norm)
    return scores
