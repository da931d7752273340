"""A held-out text that was trained on measures memory: long runs of words that it shares with the corpus give it away.

Runs that very many documents hold are a way of speaking and no leak, so they do not count. Where texts are made of the
same sentences, as tales are, one shared run proves little either: `at_least` asks for several.

Source: Brown et al. 2020, "Language Models are Few-Shot Learners", arXiv:2005.14165, appendix C (runs of 13 words;
those found in more than 10 documents are ignored; one is enough).
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from helpers.corpora.near_duplicates import shingles


class Leak(NamedTuple):
    """A document, the held-out text it quotes, and how many runs of words they share."""

    document: int
    held_out: int
    n_shared: int


def leaks(
    documents: Sequence[str], held_out: Sequence[str], n: int = 13, too_common: int = 10, at_least: int = 1
) -> list[Leak]:
    """For each document that shares `at_least` runs of `n` words with a held-out text, the one it shares most with.

    Runs that more than `too_common` of the documents hold are ignored.
    """
    owners: dict[str, list[int]] = {}
    for number, text in enumerate(held_out):
        for run in shingles(text, n):
            owners.setdefault(run, []).append(number)
    shared = [shingles(text, n) & owners.keys() for text in documents]
    spread = Counter(run for runs in shared for run in runs)
    found = []
    for document, runs in enumerate(shared):
        votes = Counter(number for run in runs if spread[run] <= too_common for number in owners[run])
        if votes and (best := votes.most_common(1)[0])[1] >= at_least:
            found.append(Leak(document, *best))
    return found
