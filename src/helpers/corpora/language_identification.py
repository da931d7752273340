"""Three letters in a row betray a language: "the" is English, "sch" German, "ção" neither.

Naive Bayes over character n-grams: each language is a table of how often each n-gram comes, and a text belongs to the
language under which it is least surprising. Where even the best language is very surprised, the text is none.

Source: Cavnar and Trenkle 1994, "N-Gram-Based Text Categorization", for n-grams of characters; Dunning 1994,
"Statistical Identification of Language", for their probabilities; Wenzek et al. 2019, "CCNet", arXiv:1911.00359,
section 3, for the two uses: which language, and how far from good text.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence


def character_ngrams(text: str, n: int = 3) -> list[str]:
    """Every run of `n` characters, in lower case.

    >>> character_ngrams("Fox a")
    ['fox', 'ox ', 'x a']
    """
    text = " ".join(text.lower().split())
    return [text[i : i + n] for i in range(len(text) - n + 1)]


class LanguageIdentifier:
    """Knows the languages it has been given texts of."""

    def __init__(self, texts: Mapping[str, Sequence[str]], n: int = 3, smoothing: float = 0.5):
        if not texts or not all(texts.values()):
            raise ValueError(f"every language needs at least one text, got {[k for k, v in texts.items() if not v]}")
        self.n = n
        counts = {
            language: Counter(gram for text in examples for gram in character_ngrams(text, n))
            for language, examples in texts.items()
        }
        n_kinds = len(set().union(*counts.values())) + 1  # one more for all that was never seen
        self.nats: dict[str, dict[str, float]] = {}
        self.unseen: dict[str, float] = {}
        for language, count in counts.items():
            total = count.total() + smoothing * n_kinds
            self.nats[language] = {gram: -math.log((c + smoothing) / total) for gram, c in count.items()}
            self.unseen[language] = -math.log(smoothing / total)

    def surprise(self, text: str) -> dict[str, float]:
        """How surprising the text is in each language: mean −log p of its n-grams, in nats."""
        grams = character_ngrams(text, self.n) or [""]
        return {
            language: sum(nats.get(gram, self.unseen[language]) for gram in grams) / len(grams)
            for language, nats in self.nats.items()
        }

    def language(self, text: str) -> str:
        """The language in which the text is least surprising, all languages being as likely beforehand."""
        surprise = self.surprise(text)
        return min(surprise, key=surprise.__getitem__)
