"""The book's own text, in passages with their addresses, and questions about it whose places are known.

`python -m tools.book_passages` makes the copy that travels with the package, from the chapters, the glossary, the
ledger and the bibliography.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Passage(NamedTuple):
    """About a paragraph of the book: its section's title, the address of the section's page, and the text."""

    title: str
    place: str
    text: str
    sources: tuple[str, ...] = ()

    @property
    def titled_text(self) -> str:
        """The text behind its title, as an index reads it."""
        return f"{self.title}. {self.text}"


class Question(NamedTuple):
    """A question about the book, and the places where it is answered."""

    text: str
    places: tuple[str, ...]


@cache
def book_passages() -> tuple[Passage, ...]:
    """Every passage, chapter by chapter; then the glossary; then the ledger's claims with the keys of their sources."""
    return tuple(
        Passage(p["title"], p["place"], p["text"], tuple(p.get("sources", "").split()))
        for p in _copy("book")["passages"]
    )


@cache
def book_questions() -> tuple[Question, ...]:
    """Questions written by hand, in a reader's words and not in the book's."""
    return tuple(Question(q["question"], tuple(q["places"])) for q in _copy("questions"))


@cache
def references() -> dict[str, str]:
    """Author, year and title of every work that the book cites, by its key."""
    return dict(_copy("book")["references"])


@cache
def _copy(name: str) -> Any:
    return json.loads((files(__package__) / f"{name}.json").read_text(encoding="utf-8"))
