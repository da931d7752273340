"""Sums in words, worked out column by column: every step of the way is text, and every step is right.

The steps are what a model can learn from: the answer alone would ask for a carry that nobody ever wrote down.

Source: Nye et al. 2021, "Show Your Work: Scratchpads for Intermediate Computation with Language Models",
arXiv:2112.00114, section 3, for addition with its carries written out.
"""

import random
from typing import NamedTuple

from helpers.corpora.tales import LEXICON, POOLS

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_GOODS = ("apples", "pears", "shells", "nuts", "pebbles", "flowers", "mushrooms", "crystals")


class Sum(NamedTuple):
    """A worked problem in words, and its numbers."""

    text: str
    first: int
    second: int
    answer: int


def number_words(n: int) -> str:
    """A number from 0 to 999 in English words.

    >>> number_words(342)
    'three hundred forty-two'
    """
    if not 0 <= n <= 999:
        raise ValueError(f"number_words says numbers from 0 to 999, got {n}")
    hundreds, rest = divmod(n, 100)
    if hundreds:
        return f"{_SMALL[hundreds]} hundred" + (f" {number_words(rest)}" if rest else "")
    if n < 20:
        return _SMALL[n]
    return _TENS[n // 10] + (f"-{_SMALL[n % 10]}" if n % 10 else "")


def addition(rng: random.Random) -> Sum:
    """Someone finds more: two numbers below a hundred, added from the ones to the tens."""
    a, b = rng.randrange(11, 100), rng.randrange(11, 100)
    name, he, goods = _someone(rng)
    ones, tens = a % 10 + b % 10, a // 10 + b // 10
    say = number_words
    carried = f", so {say(ones % 10)} stays and one is carried" if ones > 9 else ""
    also = " and the carried one" if ones > 9 else ""
    steps = [
        f"{name} has {say(a)} {goods} and finds {say(b)} more.",
        f"The ones are {say(a % 10)} and {say(b % 10)}, together {say(ones)}{carried}.",
        f"The tens are {say(a // 10)} and {say(b // 10)}{also}, together {say(tens + ones // 10)}.",
        f"Now {he} has {say(a + b)} {goods}.",
    ]
    return Sum(" ".join(steps), a, b, a + b)


def subtraction(rng: random.Random) -> Sum:
    """Someone gives some away: the smaller number is taken off in tens, then in ones."""
    b, a = sorted(rng.sample(range(11, 100), 2))
    name, he, goods = _someone(rng)
    say, without_tens = number_words, a - b // 10 * 10
    steps = [
        f"{name} has {say(a)} {goods} and gives {say(b)} of them away.",
        f"First {he} takes {say(b // 10 * 10)} from {say(a)}, and {say(without_tens)} are left.",
        f"Then {he} takes {say(b % 10)} from {say(without_tens)}, and {say(a - b)} are left.",
        f"So {name} keeps {say(a - b)} {goods}.",
    ]
    return Sum(" ".join(steps), a, b, a - b)


def worksheet(rng: random.Random) -> str:
    """A page of three to five worked sums, one a line."""
    return "\n".join(rng.choice((addition, subtraction))(rng).text for _ in range(rng.randrange(3, 6)))


def _someone(rng: random.Random) -> tuple[str, str, str]:
    name = rng.choice(POOLS["hero"])
    return name, LEXICON["en"][name]["he"], rng.choice(_GOODS)
