"""The n-gram model: the next token depends on the last few only, by counting. The yardstick below every network.

Unlike plain counting it never says "impossible": each order leans on the shorter one, with the weight of
`strength` imagined observations (a Dirichlet prior), down to the uniform distribution.

Source: Shannon 1948, "A Mathematical Theory of Communication", section 3;
Chen and Goodman 1999, "An Empirical Study of Smoothing Techniques for Language Modeling", section 2.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence


class NGram:
    """Order 1 is the unigram model, order 2 the bigram: the last `order` − 1 tokens decide."""

    def __init__(self, order: int, vocab_size: int, strength: float = 1.0):
        if order < 1:
            raise ValueError(f"an n-gram has at least 1 token, got {order=}")
        self.order, self.vocab_size, self.strength = order, vocab_size, strength
        self.counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        self.totals: Counter[tuple[int, ...]] = Counter()

    def fit(self, rows: Iterable[Sequence[int]]) -> "NGram":
        """Count every row; the first token of a row is given, not predicted."""
        for row in rows:
            for i in range(1, len(row)):
                for n in range(min(self.order, i + 1)):
                    context = tuple(row[i - n : i])
                    self.counts[context][row[i]] += 1
                    self.totals[context] += 1
        return self

    def prob(self, context: Sequence[int], token: int) -> float:
        """How likely `token` is after `context`, of which only the last tokens count."""
        p = 1 / self.vocab_size
        for n in range(min(self.order, len(context) + 1)):
            seen = tuple(context[len(context) - n :])
            p = (self.counts[seen][token] + self.strength * p) / (self.totals[seen] + self.strength)
        return p

    def nats(self, row: Sequence[int]) -> float:
        """−log p of the row after its first token, in nats."""
        start = self.order - 1
        return -math.fsum(math.log(self.prob(row[max(0, i - start) : i], row[i])) for i in range(1, len(row)))
