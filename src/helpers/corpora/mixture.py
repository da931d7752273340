"""How often each source is drawn need not be how large it is: good sources are read several times, large ones in part.

An epoch of a source is one pass over it: (tokens of training) × (weight of the source) / (tokens of the source).

Source: Brown et al. 2020, "Language Models are Few-Shot Learners", arXiv:2005.14165, table 2.2; Touvron et al. 2023,
"LLaMA", arXiv:2302.13971, table 1; Conneau and Lample 2019, "Cross-lingual Language Model Pretraining",
arXiv:1901.07291, section 3.1, equation for q (smoothing by a power).
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Weights = dict[str, float]


class MixtureRow(NamedTuple):
    """A source in a paper's table: its size in billions of tokens (nan if unsaid), its weight, its epochs."""

    tokens_billions: float
    weight: float
    epochs: float


GPT3_TOKENS_BILLIONS = 300
GPT3 = {
    "Common Crawl (filtered)": MixtureRow(410, 0.60, 0.44),
    "WebText2": MixtureRow(19, 0.22, 2.9),
    "Books1": MixtureRow(12, 0.08, 1.9),
    "Books2": MixtureRow(55, 0.08, 0.43),
    "Wikipedia": MixtureRow(3, 0.03, 3.4),
}
LLAMA_TOKENS_BILLIONS = 1400
LLAMA = {
    "CommonCrawl": MixtureRow(math.nan, 0.67, 1.10),
    "C4": MixtureRow(math.nan, 0.15, 1.06),
    "Github": MixtureRow(math.nan, 0.045, 0.64),
    "Wikipedia": MixtureRow(math.nan, 0.045, 2.45),
    "Books": MixtureRow(math.nan, 0.045, 2.23),
    "ArXiv": MixtureRow(math.nan, 0.025, 1.06),
    "StackExchange": MixtureRow(math.nan, 0.02, 1.03),
}


def tempered_weights(sizes: Mapping[str, float], power: float = 1.0) -> Weights:
    """Weights in proportion to size^power: 1 is proportional, 0 the same for all; between, small sources gain."""
    if not sizes or any(size <= 0 for size in sizes.values()):
        raise ValueError(f"every source needs a size above 0, got {dict(sizes)}")
    return explicit_weights({source: size**power for source, size in sizes.items()})


def explicit_weights(parts: Mapping[str, float]) -> Weights:
    """The given parts as weights that sum to 1: a table by hand, as in GPT-3 and LLaMA."""
    total = sum(parts.values())
    if total <= 0 or any(part < 0 for part in parts.values()):
        raise ValueError(f"parts are not negative and not all 0, got {dict(parts)}")
    return {source: part / total for source, part in parts.items()}


def epochs(sizes: Mapping[str, float], weights: Mapping[str, float], budget: float) -> dict[str, float]:
    """How often each source is read in a training on `budget` tokens; sizes in tokens too."""
    return {source: budget * weights[source] / sizes[source] for source in sizes}


def token_sizes(rows: Mapping[str, MixtureRow], budget: float) -> dict[str, float]:
    """What sizes a table's weights and epochs imply, in the unit of the budget: weight × budget / epochs."""
    return {source: row.weight * budget / row.epochs for source, row in rows.items()}


class Mixture:
    """Texts of several sources, drawn by weight; give it to `StoryBatches` as the stories of a seed.

    The weights are shares of *texts*. Where sources have texts of other lengths, divide a share of tokens by the mean
    length first.
    """

    def __init__(self, texts: Mapping[str, Sequence[str]], weights: Mapping[str, float], batch_size: int):
        if set(texts) != set(weights) or not all(texts[source] for source, weight in weights.items() if weight):
            raise ValueError(f"every weight needs a source with texts, got {set(texts)} and weights for {set(weights)}")
        self.texts, self.weights, self.batch_size = texts, explicit_weights(weights), batch_size

    def draw(self, seed: int) -> list[tuple[str, str]]:
        """The source and the text of each draw of a batch; the same seed draws the same."""
        rng = random.Random(f"mixture {seed}")
        sources = rng.choices(list(self.weights), list(self.weights.values()), k=self.batch_size)
        return [(source, rng.choice(self.texts[source])) for source in sources]

    def __call__(self, seed: int) -> list[str]:
        """The texts of a batch."""
        return [text for _, text in self.draw(seed)]
