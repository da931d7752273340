"""Two questions to every cleaner: how much of what it found was dirt, and how much of the dirt did it find?

Source: van Rijsbergen 1979, "Information Retrieval", chapter 7, for precision and recall.
"""

import math
from collections.abc import Collection, Hashable
from typing import NamedTuple


class Share(NamedTuple):
    """`hits` out of `n`, as a probability with its standard error.

    Where all or none are hits the formula √(p (1 − p) / n) says 0; then 3 / n is a fair bound for how far off the
    share may be (95 %).
    """

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share; nan of nothing."""
        return self.hits / self.n if self.n else math.nan

    @property
    def error(self) -> float:
        """The standard error of the share, if the `n` were drawn independently; nan of nothing."""
        return math.sqrt(self.value * (1 - self.value) / self.n) if self.n else math.nan

    def __str__(self) -> str:
        return f"{self.value:.3f} ± {self.error:.3f} ({self.hits}/{self.n})"


class Detection(NamedTuple):
    """How well dirt was found: `precision` of what was found, `recall` of what there was to find."""

    precision: Share
    recall: Share


def detection(
    found: Collection[Hashable], planted: Collection[Hashable], welcome: Collection[Hashable] = ()
) -> Detection:
    """Compare what a cleaner found with what was planted for it to find.

    `welcome` is other dirt that it may also find: that is no false alarm, but it is not asked for either.
    """
    found, planted = set(found), set(planted)
    right = len(found & (planted | set(welcome)))
    return Detection(Share(right, len(found)), Share(len(found & planted), len(planted)))
