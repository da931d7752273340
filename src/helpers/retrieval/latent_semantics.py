"""Vectors for texts, learned without a network: words that keep the same company point the same way.

A text is a row of numbers, one for each word: how often it is there, and how rare it is elsewhere. The singular value
decomposition finds the few directions along which these rows differ most, and a text becomes its place along them. Two
texts can then be near each other without sharing a word.

Source: Deerwester et al. 1990, "Indexing by Latent Semantic Analysis", Journal of the American Society for Information
Science 41(6).
"""

from collections import Counter
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from helpers.retrieval.bm25 import words


class LatentSemantics:
    """Learns the directions from some texts; `encode` then places any text. Its vectors have length 1, or are 0 for a
    text of unknown words."""

    def __init__(self, texts: Sequence[str], d_model: int = 100):
        counts = [Counter(words(text)) for text in texts]
        n_texts_with = Counter(word for count in counts for word in count)
        known = sorted(word for word, n in n_texts_with.items() if n > 1)  # what stands once relates to nothing
        if not 0 < d_model <= min(len(texts), len(known)):
            raise ValueError(
                f"d_model is at most the number of texts and of words that two of them share, got {d_model=}, "
                f"{len(texts)} texts and {len(known)} such words"
            )
        self._column = {word: i for i, word in enumerate(known)}
        self._rarity = torch.tensor([len(texts) / n_texts_with[word] for word in known]).log()
        self.directions = directions(self._rows(texts), d_model)

    def encode(self, texts: Sequence[str]) -> Float[Tensor, "N D"]:
        """The place of each text."""
        return normalize(self._rows(texts) @ self.directions)

    def _rows(self, texts: Sequence[str]) -> Float[Tensor, "N V"]:
        rows = torch.zeros(len(texts), len(self._column))
        for row, text in zip(rows, texts, strict=True):
            for word, n in Counter(words(text)).items():
                if word in self._column:
                    row[self._column[word]] = n
        return normalize(rows.log1p() * self._rarity)


def directions(rows: Float[Tensor, "N V"], d_model: int) -> Float[Tensor, "V D"]:
    """The orthonormal directions along which the rows are longest: their leading right singular vectors.

    They come from the eigenvectors of rows · rowsᵀ, which is smaller where texts are fewer than words.
    """
    squares, sides = torch.linalg.eigh((rows @ rows.T).double())
    longest = sides[:, -d_model:].flip(-1) / squares[-d_model:].flip(-1).clamp(min=1e-12).sqrt()
    return rows.T @ longest.float()
