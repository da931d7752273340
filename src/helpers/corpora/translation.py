"""Sentences of the tales in English and in Chinese, with the truth about which word comes from which.

The storyteller tells one plot in two languages, so every sentence has its translation, and for every word that fills
a slot (a name, a colour, a pronoun) it is known where the English sentence says the same. Only frames are taken whose
English sentence settles the Chinese one: there is one right translation, and no entropy is left.

The two languages order their words differently, and one says what the other leaves out: "Leo, a kind little fox"
becomes "Leo, he is a kind fox", with a pronoun that must be read off the name; "a drum" becomes "one 面 drum", with
a measure word that depends on the noun.

Convention: a sentence is on one side of the split for ever, by its own hash, so none that is held out is trained on.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from helpers.corpora import tales
from helpers.corpora.split import uniform_hash
from helpers.corpora.storyteller import Edition, Field, Said, World

__all__ = ["HELD_OUT_SHARE", "SIMPLE", "Pair", "is_held_out", "pairs", "settles_chinese", "vocabulary"]

# The simple set: frames with enough to fill in that nobody can know them by heart.
SIMPLE = ("open", "home", "birthday", "parcel", "given", "set out", "theft", "storm", "gone", "friend finds")
HELD_OUT_SHARE = 0.1
# Forms that several fillings have in common: they do not say which one is meant.
SHARED_FORMS = ("he", "He", "him", "his", "His", "did")


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation as words. `links` says for each Chinese word at which English places it can be
    read off; it is empty for words that belong to the frame, and for the measure word names the noun's place."""

    english: tuple[str, ...]
    chinese: tuple[str, ...]
    links: tuple[tuple[int, ...], ...]
    frame: str

    @property
    def text(self) -> str:
        """The English sentence."""
        return tales.join(self.english)


def pairs(n: int, seed: int = 0, held_out: bool = False, frames: Sequence[str] = SIMPLE) -> list[Pair]:
    """`n` sentences of independent tales with their translations, all from one side of the split."""
    drawn = (p for p in _draw(random.Random(f"translation {seed}"), frozenset(frames)) if is_held_out(p) == held_out)
    return [next(drawn) for _ in range(n)]


def is_held_out(pair: Pair) -> bool:
    """Whether the sentence is kept for testing."""
    return uniform_hash(pair.text, "translation") < HELD_OUT_SHARE


def vocabulary(frames: Sequence[str] = SIMPLE) -> list[str]:
    """Every word of these sentences, both languages in one list as in 2017; the quotation marks differ, too."""
    words: set[str] = set()
    for edition in (_edition("en"), _edition("zh")):
        for piece in (piece for frame in frames for t in edition.templates[frame] for piece in t.pieces):
            words.update(*([piece] if isinstance(piece, tuple) else _fillings(piece, edition)))
    return sorted(words)


def _fillings(field: Field, edition: Edition) -> list[tuple[str, ...]]:
    return [edition.spoken[key, field.form] for key in edition.pools[field.slot]]


def settles_chinese(english: Sequence[Field], chinese: Sequence[Field]) -> bool:
    """Whether a sentence with the English fields says all that one with the Chinese fields does.

    "She wore it" does not: it leaves open what she wore, a hat or a scarf.
    """
    named = {field.slot for field in english if field.form not in SHARED_FORMS}
    meant = {field.slot for field in english}
    return all(field.slot in (meant if field.form in SHARED_FORMS else named) for field in chinese)


def _draw(rng: random.Random, frames: frozenset[str]) -> Iterator[Pair]:
    english, chinese = _edition("en"), _edition("zh")
    unknown = frames - english.templates.keys()
    if unknown:
        raise ValueError(f"frames are sentences of the tales, got {sorted(unknown)}")
    while True:
        world, told = tales.PLOT.record(rng, english)
        for said in told:
            if said.frame in frames:
                yield _pair(said, world, english, chinese)


@cache
def _edition(language: str) -> Edition:
    return tales.teller(language).edition


def _pair(said: Said, world: World, english: Edition, chinese: Edition) -> Pair:
    source, target = _words(said, world, english), _words(said, world, chinese)
    places = [(place, field) for place, (_, field) in enumerate(source) if field]
    links = tuple(
        tuple(place for place, from_ in places if field and _says_the_same(from_, field)) for _, field in target
    )
    return Pair(tuple(word for word, _ in source), tuple(word for word, _ in target), links, said.frame)


def _words(said: Said, world: World, edition: Edition) -> list[tuple[str, Field | None]]:
    """The sentence's words, each with the field that it fills."""
    words: list[tuple[str, Field | None]] = []
    for piece in edition.templates[said.frame][said.paraphrase].pieces:
        if isinstance(piece, Field):
            spoken = edition.spoken[world[piece.slot], piece.form]
            fields = [piece] * len(spoken)
            if piece.form == "a":  # the article belongs to the frame: what is said is the last word
                fields[:-1] = [None] * (len(spoken) - 1)  # type: ignore[list-item]
            words += zip(spoken, fields, strict=True)
        else:
            words += [(word, None) for word in piece]
    return words


def _says_the_same(english: Field, chinese: Field) -> bool:
    """Whether the Chinese form can be read off the English one; a pronoun can be read off a name, not the reverse."""
    is_same_slot = _slot(english) == _slot(chinese)
    return is_same_slot and (chinese.form in SHARED_FORMS or english.form not in SHARED_FORMS)


def _slot(field: Field) -> str:
    """A form whose name is a slot says that slot: where mushrooms grow is the place."""
    return field.form if field.form in tales.POOLS else field.slot
