"""Raw text as a crawler brings it home: five sources, and dirt in known shares.

Every document and every planted flaw follows from the seed. What cleaning finds can therefore be compared with
what there was to find, which no real corpus allows.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from helpers.corpora import dirt, tales
from helpers.corpora.arithmetic_text import worksheet
from helpers.corpora.documents import Document
from helpers.corpora.facts import World
from helpers.corpora.foreign_sentences import FOREIGN, foreign_text
from helpers.corpora.forum import thread

WORLD = World()


@dataclass(frozen=True)
class Source:
    """Where texts come from: their language, how large a part of the crawl they are, and how one is written."""

    language: str
    share: float
    write: Callable[[random.Random], str]


SOURCES = {
    "tales": Source("en", 0.35, lambda rng: tales.tale(rng).text),
    "chinese tales": Source("zh", 0.25, lambda rng: tales.tale(rng, "zh").text),
    "encyclopedia": Source("en", 0.15, WORLD.article),
    "arithmetic": Source("en", 0.1, worksheet),
    "forum": Source("en", 0.15, thread),
}
SHARES = {
    "copy": 0.06,
    "near copy": 0.1,
    "boilerplate": 0.15,
    "foreign": 0.05,
    "gibberish": 0.05,
    "word salad": 0.01,
    "leak": 0.02,
    "edited leak": 0.02,
}


@dataclass(frozen=True)
class Crawl:
    """What came home, and the held-out texts that must not be trained on: some of them leaked into the documents."""

    documents: list[Document]
    held_out: list[str]


def crawl(n: int, seed: int, shares: Mapping[str, float] = SHARES) -> Crawl:
    """`n` documents in random order, each dirty in one way at most, with the probabilities `shares`.

    Copies are of clean documents of the same source. The held-out texts are tales, 100 in either language.
    """
    if n < 1 or sum(shares.values()) > 1 or unknown_in(shares):
        raise ValueError(
            f"a crawl needs n >= 1 and shares of {sorted(SHARES)} that sum to at most 1, got {n}, {shares}"
        )
    rng = random.Random(f"crawl {seed}")
    held_out = [tales.tale(rng, language).text for language in tales.LANGUAGES for _ in range(100)]
    documents: list[Document] = []
    for number in range(n):
        name = rng.choices(list(SOURCES), [source.share for source in SOURCES.values()])[0]
        flaw = rng.choices([*shares, ""], [*shares.values(), 1 - sum(shares.values())])[0]
        document = Document(SOURCES[name].write(rng), name, SOURCES[name].language, origin=number)
        documents.append(_spoiled(document, flaw, documents, held_out, rng))
    rng.shuffle(documents)
    return Crawl(documents, held_out)


def unknown_in(shares: Mapping[str, float]) -> set[str]:
    """The names in `shares` that no dirt has."""
    return set(shares) - set(SHARES)


def _spoiled(
    document: Document, flaw: str, before: list[Document], held_out: list[str], rng: random.Random
) -> Document:
    """The document with this flaw; a copy of nothing stays clean."""
    if flaw in ("copy", "near copy"):
        originals = [d for d in before if d.source == document.source and not d.dirt]
        if not originals:
            return document
        original = rng.choice(originals)
        text, titles = (original.text, ()) if flaw == "copy" else dirt.near_copy(original.text, rng)
        return replace(original, text=text, dirt=flaw, boilerplate=titles)
    return _FLAWS[flaw](replace(document, dirt=flaw), held_out, rng)


def _among_boilerplate(document: Document, held_out: list[str], rng: random.Random) -> Document:
    text, lines = dirt.with_boilerplate(document.text, rng)
    return replace(document, text=text, boilerplate=lines)


def _leak(document: Document, held_out: list[str], rng: random.Random) -> Document:
    """A quotation in the document's own language."""
    number = rng.randrange(100) + 100 * (document.language == "zh")
    quoted = dirt.passage(held_out[number], rng)
    if document.dirt == "edited leak":
        quoted = dirt.edited(quoted, rng, share=0.04)
    return replace(document, text=dirt.leaked(document.text, quoted, rng), quotes=number)


_FLAWS: dict[str, Callable[[Document, list[str], random.Random], Document]] = {
    "": lambda document, held_out, rng: document,
    "boilerplate": _among_boilerplate,
    "foreign": lambda document, held_out, rng: document.with_text(foreign_text(rng, rng.choice(FOREIGN))),
    "gibberish": lambda document, held_out, rng: document.with_text(dirt.gibberish(document.text, rng)),
    "word salad": lambda document, held_out, rng: document.with_text(dirt.word_salad(document.text, rng)),
    "leak": _leak,
    "edited leak": _leak,
}
