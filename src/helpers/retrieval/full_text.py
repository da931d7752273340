"""Search by words: an inverted index, which knows for each word the texts that have it. SQLite's FTS5 keeps it."""

from collections.abc import Iterable
from typing import NamedTuple

import apsw

from helpers.retrieval.bm25 import words
from helpers.retrieval.database import connect

TOKENIZERS = {"words": "unicode61", "stems": "porter unicode61"}


class Hit(NamedTuple):
    """A text that was found: its number, counted from 0, and how well it fits (more is better)."""

    number: int
    score: float


class FullTextIndex:
    """Texts that can be asked for by their words; `cut` is "words" or "stems", which takes "tales" and "tale" for one.

    Source: Porter 1980, "An algorithm for suffix stripping", for the stems.
    """

    def __init__(self, texts: Iterable[str], cut: str = "stems", database: apsw.Connection | None = None):
        if cut not in TOKENIZERS:
            raise ValueError(f"cut is one of {', '.join(map(repr, TOKENIZERS))}, got {cut!r}")
        self.database = database or connect()
        self.database.execute(f"create virtual table full_text using fts5(text, tokenize='{TOKENIZERS[cut]}')")
        rows = [(number, text) for number, text in enumerate(texts)]
        self.database.executemany("insert into full_text(rowid, text) values (?, ?)", rows)

    def search(self, question: str, k: int = 5) -> list[Hit]:
        """The `k` best texts that have at least one of the question's words, the best first."""
        any_word = " OR ".join(f'"{word}"' for word in dict.fromkeys(words(question)))
        if not any_word:
            return []
        found = self.database.execute(
            "select rowid, -rank from full_text where full_text match ? order by rank, rowid limit ?",
            (any_word, k),
        )
        return [Hit(number, score) for number, score in found]
