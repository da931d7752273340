"""A library of tales to search in, and questions that one of them answers.

No two tales share both hero and present, so a question that names them is about one tale. Names occur in many tales, as
friends and strangers of others, so finding that one takes more than a name.
"""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from helpers.corpora import tales

QUESTIONS = {
    "giver": "Who gave {hero} the {thing}?",
    "goal": "What did {hero} want to gather?",
    "place": "Where did {hero} go that day?",
    "colour": "What colour was the {thing}?",
}


class Case(NamedTuple):
    """A question: the number of its tale, the question, the same with its tale named, and the word that is right."""

    number: int
    short: str
    line: str
    truth: str


def tale_library(n: int, seed: int, fits: Callable[[str], bool] = lambda text: True) -> list[tales.Tale]:
    """`n` tales whose texts fit, no two with the same hero and present."""
    rng, shelf = random.Random(f"library {seed}"), dict[tuple[str, str], tales.Tale]()
    while len(shelf) < n:
        tale = tales.tale(rng)
        if fits(tale.text):
            shelf.setdefault((tale.world["hero"], tale.world["thing"]), tale)
    return list(shelf.values())


def cases(library: Sequence[tales.Tale], seed: int, n_each: int = 2) -> list[Case]:
    """`n_each` questions about each tale."""
    rng, asked = random.Random(f"cases {seed}"), list[Case]()
    for number, tale in enumerate(library):
        for slot in rng.sample(sorted(QUESTIONS), n_each):
            short = QUESTIONS[slot].format(**tale.world)
            line = f"In the story of {tale.world['hero']} and the {tale.world['thing']}: {short}"
            asked.append(Case(number, short, line, tale.world[slot]))
    return asked
