"""Couplets under two constraints that a program can check: eight syllables a line, and the lines rhyme.

A line is drawn from a small grammar until it has eight syllables. The second line ends on another word of the same
rhyme. How good a verse is nobody measures here; only whether it keeps the rules, and whether it is new.

Source: Ghazvininejad et al. 2016, "Generating Topical Poetry", EMNLP, section 2, for the two constraints.
"""

import random

N_SYLLABLES = 8
RHYMES = (
    ("moon", "spoon", "noon", "tune", "lagoon", "balloon"),
    ("light", "night", "kite", "height", "delight"),
    ("tree", "sea", "bee", "key", "pea"),
    ("day", "bay", "hay", "tray", "ballet"),
    ("star", "jar", "car", "guitar"),
    ("snow", "bow", "crow", "rainbow"),
    ("hill", "mill", "quill", "chill"),
    ("well", "bell", "shell", "hotel"),
    ("stone", "throne", "bone", "cone"),
    ("rain", "train", "lane", "crane"),
)
_STARTS = ("the", "a", "one", "my")
_ADJECTIVES = ("old", "small", "brown", "kind", "little", "happy", "sleepy", "gentle", "hungry", "curious")
_ANIMALS = ("fox", "owl", "bear", "mouse", "rabbit", "badger", "otter", "hedgehog", "squirrel", "mosquito")
_VERBS = ("sat", "slept", "sang", "danced", "wandered", "whispered", "waited", "listened", "remembered")
_PREPOSITIONS = ("by", "near", "with", "for", "under", "above", "beside")
_TWO = frozenset((
    "lagoon", "balloon", "delight", "ballet", "guitar", "rainbow", "hotel", "little", "happy", "sleepy", "gentle",
    "hungry", "rabbit", "badger", "otter", "hedgehog", "squirrel", "wandered", "whispered", "waited", "listened",
    "under", "above", "beside",
))  # fmt: skip
_THREE = frozenset(("curious", "mosquito", "remembered"))
_RHYME_OF = {word: number for number, words in enumerate(RHYMES) for word in words}
_LINE = (_STARTS, _ADJECTIVES, _ANIMALS, _VERBS, _PREPOSITIONS, _STARTS)


def syllables(line: str) -> int:
    """How many syllables the words of a line have; words that verses do not use count one.

    >>> syllables("the little fox sat by the moon")
    8
    """
    return sum(1 + (word in _TWO) + 2 * (word in _THREE) for word in line.split())


def rhyme(word: str) -> int | None:
    """The number of the rhyme that a word belongs to, or None.

    >>> rhyme("moon") == rhyme("lagoon") != rhyme("star")
    True
    """
    return _RHYME_OF.get(word)


def line(rng: random.Random, last: str) -> str:
    """A line of eight syllables that ends on this word."""
    while True:
        drawn = " ".join([*(rng.choice(words) for words in _LINE), last])
        if syllables(drawn) == N_SYLLABLES:
            return drawn


def free_line(rng: random.Random) -> str:
    """A line of the same grammar that minds neither rhyme nor syllables: what keeping the rules is worth."""
    return " ".join(rng.choice(words) for words in (*_LINE, tuple(_RHYME_OF)))


def couplet(rng: random.Random) -> tuple[str, str]:
    """Two lines that keep the rules."""
    first, second = rng.sample(rng.choice(RHYMES), 2)
    return line(rng, first), line(rng, second)


def keeps_rules(first: str, second: str) -> tuple[bool, bool]:
    """Whether the second line has eight syllables of words that verses use, and whether it rhymes with the first."""
    words, before = second.split(), first.split()
    if not words or not before:
        return False, False
    is_counted = set(words) <= _WORDS and syllables(second) == N_SYLLABLES
    same_sound = rhyme(words[-1]) is not None and rhyme(words[-1]) == rhyme(before[-1])
    return is_counted, same_sound and words[-1] != before[-1]


_WORDS = {word for words in _LINE for word in words} | set(_RHYME_OF)
