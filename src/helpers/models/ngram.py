"""The n-gram model: the next token depends on the last few only, by counting. The yardstick below every network.

Plain counting says "impossible" of whatever it has not seen. Every model here smooths: it takes a little belief away
from the counts and spreads it over what a shorter context predicts, down to the uniform distribution. They differ in
how much they take. `NGram` imagines a fixed number of observations (a Dirichlet prior), `AddAlpha` imagines every
token equally often, `Interpolated` gives away a fixed share, `KneserNey` takes the same from every count.

Source: Shannon 1948, "A Mathematical Theory of Communication", section 3;
MacKay and Peto 1995, "A Hierarchical Dirichlet Language Model";
Chen and Goodman 1999, "An Empirical Study of Smoothing Techniques for Language Modeling", section 2.
"""

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

Context = tuple[int, ...]
START = -1  # stands before the first token of a row
NOTHING: Counter[int] = Counter()


class NGram(nn.Module):
    """Order 1 is the unigram model, order 2 the bigram: the last `order` − 1 tokens decide.

    What a shorter context predicts counts like `strength` observations; with 0 only a context that was never seen
    falls back on it. Like a network it maps ids to logits, so whatever samples from a network samples from it.
    """

    context_length = sys.maxsize  # in tokens: it forgets, so no text is too long
    discount = 0.0

    def __init__(self, order: int, vocab_size: int, strength: float = 1.0):
        super().__init__()
        if order < 1:
            raise ValueError(f"an n-gram has at least 1 token, got {order=}")
        if strength < 0:
            raise ValueError(f"strength counts imagined observations, so it must not be negative, got {strength}")
        self.order, self.vocab_size, self.strength = order, vocab_size, strength
        self.counts: dict[Context, Counter[int]] = defaultdict(Counter)
        self.totals: Counter[Context] = Counter()

    def fit(self, rows: Iterable[Sequence[int]]) -> "NGram":
        """Count every row; the first token of a row is given, not predicted."""
        for row in rows:
            if len(row) and not (min(row) >= 0 and max(row) < self.vocab_size):
                raise ValueError(f"ids must be from 0 to {self.vocab_size - 1}, got {min(row)} to {max(row)}")
            for i in range(1, len(row)):
                self._count(self._context(row[max(0, i - self.order) : i]), row[i])
        return self

    def _context(self, tokens: Sequence[int]) -> Context:
        """The tokens that decide: the last ones, or as many as there are."""
        return tuple(tokens[max(0, len(tokens) - self.order + 1) :])

    def _count(self, context: Context, token: int) -> None:
        for shorter in suffixes(context):
            self.counts[shorter][token] += 1
            self.totals[shorter] += 1

    def prob(self, context: Sequence[int], token: int) -> float:
        """How likely `token` is after `context`, of which only the last tokens count."""
        p = 1 / self.vocab_size
        for counts, spare, total in self._evidence(context):
            p = (max(counts[token] - self.discount, 0) + spare * p) / total
        return p

    def probs(self, context: Sequence[int]) -> Float[Tensor, " V"]:
        """How likely every token is after `context`: the whole distribution, which sums to one."""
        p = torch.full((self.vocab_size,), 1 / self.vocab_size, dtype=torch.float64)
        for counts, spare, total in self._evidence(context):
            p *= spare
            p[list(counts.keys())] += torch.tensor(list(counts.values()), dtype=p.dtype) - self.discount
            p /= total
        return p

    def _evidence(self, context: Sequence[int]) -> Iterator[tuple[Counter[int], float, float]]:
        """For no context, then for longer and longer ones: what followed it, how many observations the prediction
        so far is worth beside that, and both together."""
        for seen in self._believed(self._context(context)):
            counts = self.counts.get(seen, NOTHING)
            spare = self._spare(counts, self.totals[seen])
            total = self.totals[seen] - self.discount * len(counts) + spare
            if total > 0:
                yield counts, spare, total

    def _believed(self, context: Context) -> Iterable[Context]:
        return suffixes(context)

    def _spare(self, counts: Counter[int], total: int) -> float:
        return self.strength

    def nats(self, row: Sequence[int]) -> float:
        """−log p of the row after its first token, in nats; infinite if plain counting rules a token out."""
        start = self.order - 1
        probs = (self.prob(row[max(0, i - start) : i], row[i]) for i in range(1, len(row)))
        return -math.fsum(math.log(p) if p else -math.inf for p in probs)

    def bits(self, row: Sequence[int]) -> float:
        """The same in bits: what a perfect coder that believes this model would write."""
        return self.nats(row) / math.log(2)

    def forward(self, ids: Int[Tensor, "B T"], cache: None = None) -> Float[Tensor, "B T V"]:
        """The log of the distribution after every token, as logits."""
        probs = [self.probs(row[max(0, i - self.order) : i]) for row in ids.tolist() for i in range(1, len(row) + 1)]
        return torch.stack(probs).log().float().unflatten(0, ids.shape).to(ids.device)

    @property
    def config(self) -> "NGram":
        """What a sampler asks for its context length: here the model itself."""
        return self

    def new_cache(self, batch: int = 1, capacity: int | None = None) -> None:
        """None: all that an n-gram needs of the past stands in the ids."""


class AddAlpha(NGram):
    """Unlike `NGram` it asks no shorter context: every token of the vocabulary is imagined `alpha` times.

    With 1 it is Laplace's rule of succession.
    """

    def __init__(self, order: int, vocab_size: int, alpha: float = 1.0):
        super().__init__(order, vocab_size, strength=alpha * vocab_size)

    def _believed(self, context: Context) -> Iterable[Context]:
        return [context]


class Interpolated(NGram):
    """Unlike `NGram` it always gives the shorter context the same `share`, however often the longer one was seen.

    Source: Jelinek and Mercer 1980, "Interpolated Estimation of Markov Source Parameters from Sparse Data".
    """

    def __init__(self, order: int, vocab_size: int, share: float = 0.3):
        super().__init__(order, vocab_size)
        if not 0 <= share < 1:
            raise ValueError(
                f"share is the part of belief that the shorter context gets, from 0 to below 1, got {share}"
            )
        self.share = share

    def _spare(self, counts: Counter[int], total: int) -> float:
        return total * self.share / (1 - self.share)


class KneserNey(NGram):
    """Unlike `NGram` it takes the same `discount` from every count, and a shorter context counts kinds, not times.

    "Francisco" is frequent but follows one word only; so after an unseen word it should not be expected. Shorter
    contexts therefore count how many different tokens stood before, not how often. The start of a row is one such.

    Source: Kneser and Ney 1995, "Improved Backing-Off for M-gram Language Modeling"; in the interpolated form of
    Chen and Goodman 1999, section 2.7.
    """

    def __init__(self, order: int, vocab_size: int, discount: float = 0.75):
        super().__init__(order, vocab_size, strength=0.0)
        if not 0 < discount <= 1:
            raise ValueError(
                f"discount is taken from counts of 1 too, so it must be above 0 and up to 1, got {discount}"
            )
        self.discount = discount

    def _context(self, tokens: Sequence[int]) -> Context:
        n_missing = max(0, self.order - 1 - len(tokens))
        return (START,) * n_missing + super()._context(tokens)

    def _count(self, context: Context, token: int) -> None:
        for shorter in reversed(suffixes(context)):
            is_known_kind = self.counts[shorter][token] > 0
            self.counts[shorter][token] += 1
            self.totals[shorter] += 1
            if is_known_kind:
                break

    def _spare(self, counts: Counter[int], total: int) -> float:
        return self.discount * len(counts)


def suffixes(context: Context) -> list[Context]:
    """The context without its first tokens: from none of it to all of it.

    >>> suffixes((4, 7))
    [(), (7,), (4, 7)]
    """
    return [context[n:] for n in range(len(context), -1, -1)]
