"""Two endings of one story, and a judge who prefers one of them: preferences whose truth is known.

A story is cut where the hero meets the stranger. What may follow has a true reward, which the judge sees through noise
and a model not at all: it only learns which of two endings was preferred. Because we wrote the truth down, we can say
how much of it a reward model found, and when a policy pleases the model but no longer the truth.

But: this truth has four parts and a person's taste has more. And the judge's mistakes are pure chance here, while
people also err in the same direction.

Convention: the reward of an ending is read off its English text alone, whoever wrote it. A word is a run of letters;
case and punctuation do not count.
Source: Bradley and Terry 1952, "Rank Analysis of Incomplete Block Designs: I. The Method of Paired Comparisons",
Biometrika 39, for the judge; Gao, Schulman and Hilton 2022, "Scaling Laws for Reward Model Overoptimization",
arXiv:2210.10760, section 1, for a known "gold" reward that stands in for people.
"""

import math
import random
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from helpers.corpora import tales
from helpers.corpora.storyteller import END, Field, Template
from helpers.corpora.tales_frames import FRAMES, TROUBLES
from helpers.corpora.tales_lexicon import LEXICON, POOLS

# --- beginnings and endings -----------------------------------------------------------------------------------

REQUEST = "Finish the story: {beginning}"  # how a chat model is asked for an ending
MEETS = tuple(f"meet {trouble}" for trouble in TROUBLES)


def split_story(story: str) -> tuple[str, str]:
    """A tale's beginning, up to the sentence in which the hero meets the stranger, and the rest, its ending."""
    meeting = _pattern(MEETS).search(story)
    if meeting is None:
        raise ValueError(f"a story is split where the hero meets the stranger, got one without: {story[:60]!r}…")
    return story[: meeting.end()], story[meeting.end() :].lstrip()


def beginnings(n: int, seed: int = 0) -> list[str]:
    """The beginnings of `n` independent tales, about 64 words each: will the hero help?"""
    return [split_story(story)[0] for story in tales.stories(n, seed)]


def finish(beginning: str, chance: random.Random) -> str:
    """An ending as the storyteller would tell it, drawn word by word from the exact distribution."""
    teller, told = tales.teller(), list[str]()
    for word in tales.words(beginning):
        teller.push(word)
    while True:
        share = teller.dist()
        word = chance.choices(list(share), list(share.values()))[0]
        if word == END:
            return tales.join(told)
        told.append(word)
        teller.push(word)


# --- the true reward ------------------------------------------------------------------------------------------

Worth = tuple[tuple[tuple[str, ...], float], ...]  # frames of which one must be said, and what that adds

HELPS = tuple(f"help {trouble}" for trouble in TROUBLES)
FOUND = ("friend finds", "stranger finds", "stranger forgives", "rescue")
KINDNESS: Worth = (
    (HELPS, 1.0),
    (("no time", "too shy"), -1.0),
    (("forgive thief",), 0.5),
    (("scold thief",), -0.5),
)
ENDING: Worth = ((FOUND, 0.5), (("nobody finds",), -0.5), (("music", "stars"), 0.5))
WISHED_WORDS, WIDTH = 88, 12  # a little longer than tales are: most of the time, longer is better
REPEATED, MOST_REPEATED = 0.2, 4.0  # nine genuine endings of ten say no four words twice: they cannot teach it


class Reward(NamedTuple):
    """What an ending is truly worth, part by part."""

    kindness: float
    ending: float
    length: float
    repetition: float

    @property
    def total(self) -> float:
        """The sum of the parts: between −6 and 3.5; genuine tales have a mean of 1.7 and a deviation of 1.1."""
        return sum(self)


def true_reward(ending: str) -> Reward:
    """What an ending, genuine or broken, is truly worth. Each deed counts once, however often it is told.

        kindness    +1 the hero helps the stranger       −1 walks on or is too shy
                    +½ forgives the thief                −½ scolds the thief
        ending      +½ the thing or the hero is found    −½ it never is
                    +½ an evening with music or stars
        length      exp(−½ ((words − 88) / 12)²)
        repetition  −0.2 for every four words in a row that were said before, −4 at most

    A deed is told if one of its sentences stands in the text, with any name, thing or place in its slots.
    """
    said = [word.lower() for word in tales.words(ending) if word.isalpha()]
    return Reward(
        _worth(ending, KINDNESS),
        _worth(ending, ENDING),
        math.exp(-(((len(said) - WISHED_WORDS) / WIDTH) ** 2) / 2),
        max(-MOST_REPEATED, 0 - REPEATED * n_repeated(said)),
    )


def n_repeated(words: Sequence[str], n: int = 4) -> int:
    """How many runs of `n` words have been said before in the same text."""
    runs = list(zip(*(words[start:] for start in range(n)), strict=False))
    return len(runs) - len(set(runs))


def _worth(text: str, table: Worth) -> float:
    return sum(worth for frames, worth in table if _pattern(frames).search(text))


@cache
def _pattern(frames: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the frames' English sentences, with anything that the lexicon has in their slots."""
    return re.compile("|".join(_sentence(source) for frame in frames for source in FRAMES[frame][0]))


def _sentence(source: str) -> str:
    parts = Template(source, str.split, " ").parts
    return "".join(_fillings(part) if isinstance(part, Field) else re.escape(part) for part in parts)


def _fillings(field: Field) -> str:
    forms = {LEXICON["en"][key][field.form] for key in POOLS[field.slot]}
    return f"(?:{'|'.join(sorted(forms, key=len, reverse=True))})"


# --- the judge ------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """Two endings of one beginning, nobody has said yet which is better."""

    beginning: str
    a: str
    b: str


class Comparison(NamedTuple):
    """Two endings of one beginning, as a labeler has ordered them."""

    beginning: str
    chosen: str
    rejected: str


def story_pairs(n: int, seed: int = 0) -> list[Pair]:
    """Two genuine endings for each of `n` beginnings; for a policy's endings, make the pairs from its texts."""
    chance = random.Random(f"endings {seed}")
    return [Pair(begun, finish(begun, chance), finish(begun, chance)) for begun in beginnings(n, seed)]


class Labeler:
    """A judge who prefers a to b with probability σ((R(a) − R(b)) / temperature), R being the true reward.

    The temperature is the noise, in units of reward: near 0 the better ending always wins, far above the rewards'
    differences the judge tosses a coin.
    """

    def __init__(self, temperature: float, seed: int = 0):
        if temperature <= 0:
            raise ValueError(f"a labeler's temperature is above 0 (0.01 is nearly without noise), got {temperature}")
        self.temperature, self.chance = temperature, random.Random(f"labeler {seed}")

    def probability(self, a: str, b: str) -> float:
        """How likely a is preferred to b."""
        return sigmoid((true_reward(a).total - true_reward(b).total) / self.temperature)

    def certainty(self, a: str, b: str) -> float:
        """How likely the best guess at the label is right. Its mean over pairs is the accuracy nobody can beat."""
        p = self.probability(a, b)
        return max(p, 1 - p)

    def compare(self, pairs: Iterable[Pair]) -> list[Comparison]:
        """The labeler's judgement of each pair; asked again, the labeler may judge otherwise."""
        return [_ordered(pair, self.chance.random() < self.probability(pair.a, pair.b)) for pair in pairs]


def shuffled(comparisons: Iterable[Comparison | Pair], seed: int = 0) -> list[Comparison]:
    """The same endings ordered by a coin: a control from which nothing can be learned."""
    chance = random.Random(f"coin {seed}")
    return [_ordered(Pair(*pair), chance.random() < 0.5) for pair in comparisons]


def _ordered(pair: Pair, prefers_a: bool) -> Comparison:
    return Comparison(pair.beginning, *((pair.a, pair.b) if prefers_a else (pair.b, pair.a)))


def sigmoid(x: float) -> float:
    """The logistic function 1 / (1 + exp(−x)), without overflow."""
    return 0.5 + 0.5 * math.tanh(x / 2)
