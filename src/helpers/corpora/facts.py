"""Facts that can only be known from having read them: towns that do not exist, and what is true of each.

A question about a story is answered from the story. A question about a town is answered from the weights, or not at
all. The world is drawn once, from a seed; articles tell the same facts in other words and in another order each
time, so a model that knows them has learned facts and not a text.

Source: Allen-Zhu and Li 2023, "Physics of Language Models: Part 3.1, Knowledge Storage and Extraction",
arXiv:2309.14316, for the idea: biographies in several wordings, asked for attribute by attribute.
"""

import random
from functools import cached_property
from itertools import product
from typing import NamedTuple


class Relation(NamedTuple):
    """Something that is true of every town: what it can be, how an article says it, and how it is asked for."""

    values: tuple[str, ...]
    statements: tuple[str, ...]
    question: str


class Fact(NamedTuple):
    """What is true of a town."""

    town: str
    relation: str
    value: str


def _names(*parts: str) -> tuple[str, ...]:
    return tuple("".join(syllables).capitalize() for syllables in product(*(part.split() for part in parts)))


TOWNS = _names("va be lo mi ra so tu fe ga no pi ku", "ra li mo ne su da ve ko", "n s ra ta lis mar do")
RIVERS = _names("lu sa me do ri", "ma na ve la")
FOUNDERS = _names("al ber cor dan el", "bin da mar rik wyn")
RELATIONS = {
    "river": Relation(
        RIVERS,
        ("The river {value} flows through {town}.", "{town} lies on both banks of the {value}.",
         "Four bridges of {town} cross the river {value}."),
        "Which river flows through {town}?",
    ),
    "founder": Relation(
        FOUNDERS,
        ("{town} was founded by {value}.", "It was {value} who built the first house of {town}.",
         "A statue of {value}, who founded the town, stands in the market of {town}."),
        "Who founded {town}?",
    ),
    "trade": Relation(
        ("bells", "boots", "candles", "carpets", "clocks", "glass", "honey", "lace", "maps", "paper", "salt",
         "violins"),
        ("The people of {town} make {value}.", "{town} has long been known for its {value}.",
         "Merchants come to {town} to buy {value}."),
        "What do the people of {town} make?",
    ),
    "beast": Relation(
        ("bear", "crane", "eagle", "hare", "heron", "lion", "otter", "owl", "stag", "swan", "whale", "wolf"),
        ("The flag of {town} shows a {value}.", "On every gate of {town} a {value} is carved in stone.",
         "{town} has a {value} on its coins and on its flag."),
        "Which animal is on the flag of {town}?",
    ),
    "feast": Relation(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
         "November", "December"),
        ("Every year in {value} the whole of {town} dances in the streets.", "The great fair of {town} is in {value}.",
         "In {value}, when the fair opens, {town} is full of guests."),
        "In which month is the fair of {town}?",
    ),
}  # fmt: skip
_OPENINGS = ("{town} is a town in the {side}.", "In the {side} of the country lies the town of {town}.")
_NEIGHBOURS = ("Its neighbour is {other}.", "A day's walk away lies {other}.", "The road from there leads to {other}.")
_SIDES = ("north", "south", "east", "west")


class World:
    """`n_towns` towns and what is true of each; the same seed makes the same world."""

    def __init__(self, n_towns: int = 400, seed: int = 0):
        if not 2 <= n_towns <= len(TOWNS):
            raise ValueError(f"a world has 2 to {len(TOWNS)} towns, as many as there are names, got {n_towns}")
        rng = random.Random(f"world {seed}")
        self.towns = tuple(rng.sample(TOWNS, n_towns))
        self.sides = {town: rng.choice(_SIDES) for town in self.towns}
        self._values = {
            (town, name): rng.choice(relation.values) for town in self.towns for name, relation in RELATIONS.items()
        }

    @cached_property
    def facts(self) -> list[Fact]:
        """Everything that is true of the towns."""
        return [Fact(town, relation, value) for (town, relation), value in self._values.items()]

    def value(self, town: str, relation: str) -> str:
        """What is true of this town, such as its "river"."""
        return self._values[town, relation]

    def article(self, rng: random.Random) -> str:
        """An encyclopedia's article on a random town, with a fact or two of the next one; wording by chance."""
        town, other = rng.sample(self.towns, 2)
        told = [self._say(town, relation, rng) for relation in rng.sample(sorted(RELATIONS), len(RELATIONS))]
        aside = [self._say(other, relation, rng) for relation in rng.sample(sorted(RELATIONS), 2)]
        opening = rng.choice(_OPENINGS).format(town=town, side=self.sides[town])
        return " ".join([opening, *told, rng.choice(_NEIGHBOURS).format(other=other), *aside])

    def _say(self, town: str, relation: str, rng: random.Random) -> str:
        return rng.choice(RELATIONS[relation].statements).format(town=town, value=self.value(town, relation))


def question(fact: Fact) -> tuple[str, str]:
    """The question whose answer is this fact, and the answer.

    >>> question(Fact("Varan", "river", "Luma"))
    ('Which river flows through Varan?', 'Luma')
    """
    return RELATIONS[fact.relation].question.format(town=fact.town), fact.value
