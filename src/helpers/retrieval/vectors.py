"""Search by meaning: the stored vectors that are nearest to the question's. sqlite-vec compares them all.

Unlike an inverted index it always finds something, however far away. A few hundred thousand vectors can be compared one
by one; for more, an index that skips most of them trades a little recall for time.
"""

import apsw
from jaxtyping import Float
from torch import Tensor

from helpers.retrieval.database import connect
from helpers.retrieval.full_text import Hit


class VectorIndex:
    """Vectors that can be asked for by nearness; the score is the cosine."""

    def __init__(self, vectors: Float[Tensor, "N D"], database: apsw.Connection | None = None):
        self.database = database or connect()
        self.database.execute(
            f"create virtual table vectors using vec0(vector float[{vectors.shape[1]}] distance_metric=cosine)"
        )
        rows = [(number, _bytes(vector)) for number, vector in enumerate(vectors)]
        self.database.executemany("insert into vectors(rowid, vector) values (?, ?)", rows)

    def search(self, vector: Float[Tensor, " D"], k: int = 5) -> list[Hit]:
        """The `k` nearest, the nearest first; nothing for a vector of zeros, which points nowhere."""
        if not vector.any():
            return []
        found = self.database.execute(
            "select rowid, distance from vectors where vector match ? and k = ? order by distance", (_bytes(vector), k)
        )
        return [Hit(number, 1 - distance) for number, distance in found]


def _bytes(vector: Float[Tensor, " D"]) -> bytes:
    return vector.float().cpu().contiguous().numpy().tobytes()
