"""Requests to the desk of a toy shop, each with the formal text that it asks for, so that any answer can be checked.

Five kinds. `record`: an order as it was written becomes a JSON object. `query`: a question about past orders becomes
SQL, which is run. `cost`: a sum is handed to a calculator as a tool call, and its result becomes the answer; `head` is
the same question without the tool. `program` comes from `helpers.corpora.programs`.

Convention: some phrasings are kept from training, for "new phrasings"; what is drawn is new for every seed.
Source: Yu et al. 2018, "Spider", arXiv:1809.08887, for questions with SQL on a database; Schick et al. 2023,
"Toolformer", arXiv:2302.04761, for a model that writes calls.
"""

import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.corpora import programs

KINDS = ("record", "query", "cost", "head", "program")
CUSTOMERS = ("Anna", "Ben", "Clara", "David", "Ella", "Finn", "Greta", "Hugo", "Ida", "Jonas", "Lena", "Max")
PRICES = {"drum": 7, "kite": 5, "lantern": 8, "flute": 6, "boat": 9, "hat": 4, "scarf": 3, "puppet": 2}
COLOURS = ("red", "blue", "green", "yellow", "white", "silver")
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FIELDS = ("customer", "item", "colour", "count")
CALCULATOR = "calculator"


@dataclass(frozen=True)
class Request:
    """What is said to the desk and what should come of it, as a conversation; `truth` is what a checker needs."""

    kind: str
    messages: tuple[dict[str, str], ...]
    truth: Any

    @property
    def prompt(self) -> str:
        """What the customer or the owner says first."""
        return self.messages[0]["content"]

    @property
    def answer(self) -> str:
        """What should be written in return, first of all."""
        return self.messages[1]["content"]


def requests(
    n: int, seed: int = 0, kinds: Sequence[str] = KINDS, *, new_phrasings: bool = False, held_out: bool = False
) -> list[Request]:
    """`n` requests, the kinds in turn; `held_out` programs are in no training request."""
    unknown = set(kinds) - set(KINDS)
    if unknown or not kinds:
        raise ValueError(f"kinds are some of {', '.join(KINDS)}, got {', '.join(map(repr, sorted(unknown))) or 'none'}")
    rng = random.Random(f"shop {seed}")
    return [_MAKERS[kinds[i % len(kinds)]](rng, new_phrasings, held_out) for i in range(n)]


def _talk(*texts: str) -> tuple[dict[str, str], ...]:
    return tuple({"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts))


# --- orders that were written down ----------------------------------------------------------------------------

_ORDERS = (
    "{customer} would like {n} {colour} {items}.",
    "Please send {n} {colour} {items} to {customer}.",
    "{Items} for {customer}: {n} in {colour}.",
    "Can {customer} have {n} {items}? The colour should be {colour}.",
    "Hello, this is {customer}. The {m} {others} are fine, but we want {n} {colour} {items} more.",
)
_NEW_ORDERS = (
    "Can you send {customer} {n} {items} in {colour}?",
    "The {m} {others} came, says {customer}, who would like {n} {items} more, {colour}.",
)


def order(rng: random.Random, new_phrasings: bool = False) -> tuple[str, dict[str, Any]]:
    """An order in words, and its record; a colour that is not said is null."""
    item, other = rng.sample(sorted(PRICES), 2)
    count, m = rng.randint(2, 9), rng.randint(2, 9)
    record = {"customer": rng.choice(CUSTOMERS), "item": item, "colour": rng.choice(COLOURS), "count": count}
    say: Callable[[int], str] = rng.choice((str, lambda k: NUMBERS[k - 1]))
    phrasing = rng.choice(_NEW_ORDERS if new_phrasings else _ORDERS)
    if "{colour} " in phrasing and rng.random() < 0.25:
        record, phrasing = {**record, "colour": None}, phrasing.replace("{colour} ", "")
    named = {"items": f"{item}s", "Items": f"{item}s".capitalize(), "others": f"{other}s", "n": say(count), "m": say(m)}
    return phrasing.format(**named, customer=record["customer"], colour=record["colour"]), record


def _record(rng: random.Random, new_phrasings: bool, held_out: bool) -> Request:
    text, record = order(rng, new_phrasings)
    return Request("record", _talk(f"Record this order. {text}", json.dumps(record)), record)


# --- questions about past orders ------------------------------------------------------------------------------

TABLES = (
    "CREATE TABLE goods (item TEXT PRIMARY KEY, price INTEGER);"
    "CREATE TABLE orders (customer TEXT, item TEXT, colour TEXT, count INTEGER);"
)
# The question's phrasings, those that are kept for tests, and the SQL that answers it.
_QUESTIONS = (
    (("How many orders came from {customer}?", "How often did {customer} order?"),
     ("Count the orders of {customer}.",),
     "SELECT count(*) FROM orders WHERE customer = '{customer}'"),
    (("How many {colour} {item}s were sold?", "How many {item}s in {colour} did we sell?"),
     ("What number of {colour} {item}s did we sell?",),
     "SELECT sum(count) FROM orders WHERE item = '{item}' AND colour = '{colour}'"),
    (("Who ordered a {colour} {item}?", "Which customers took {item}s in {colour}?"),
     ("Who took a {colour} {item}?",),
     "SELECT DISTINCT customer FROM orders WHERE item = '{item}' AND colour = '{colour}'"),
    (("What did {customer} spend on {item}s?", "How much money came from {customer} for {item}s?"),
     ("How much did {customer} spend on {item}s?",),
     "SELECT sum(count * price) FROM orders JOIN goods USING (item) WHERE customer = '{customer}' AND item = '{item}'"),
    (("Which item sold best in {colour}?", "Of which item did we sell the most in {colour}?"),
     ("Which {colour} item did we sell the most?",),
     "SELECT item FROM orders WHERE colour = '{colour}' GROUP BY item ORDER BY sum(count) DESC, item LIMIT 1"),
)  # fmt: skip


def _query(rng: random.Random, new_phrasings: bool, held_out: bool) -> Request:
    trained, kept, sql = rng.choice(_QUESTIONS)
    filling = {"customer": rng.choice(CUSTOMERS), "item": rng.choice(sorted(PRICES)), "colour": rng.choice(COLOURS)}
    asked, written = rng.choice(kept if new_phrasings else trained).format(**filling), sql.format(**filling)
    return Request("query", _talk(f"Write SQL. {asked}", written), written)


def past_orders(n: int = 200, seed: int = 0) -> list[tuple[str, str, str, int]]:
    """Rows for the table of orders."""
    rng = random.Random(f"past orders {seed}")
    goods = sorted(PRICES)
    return [(rng.choice(CUSTOMERS), rng.choice(goods), rng.choice(COLOURS), rng.randint(1, 9)) for _ in range(n)]


# --- what it costs --------------------------------------------------------------------------------------------


def tool_call(name: str, **arguments: Any) -> str:
    """A call as a model writes it.

    >>> tool_call("calculator", expression="3*7")
    '{"name": "calculator", "arguments": {"expression": "3*7"}}'
    """
    return json.dumps({"name": name, "arguments": arguments})


def _cost(rng: random.Random, new_phrasings: bool, held_out: bool, has_tool: bool = True) -> Request:
    first, second = rng.sample(sorted(PRICES), 2)
    a, b, p, q = (rng.randint(2, 49), rng.randint(2, 49), rng.randint(2, 9), rng.randint(2, 9))
    said = (
        f"What is to pay for {a} {first}s at {p} and {b} {second}s at {q}?"
        if new_phrasings
        else f"What do {a} {first}s at {p} coins and {b} {second}s at {q} coins cost?"
    )
    total = a * p + b * q
    if not has_tool:
        return Request("head", _talk(f"No tools. {said}", f"{total} coins."), total)
    call = tool_call(CALCULATOR, expression=f"{a}*{p}+{b}*{q}")
    return Request("cost", _talk(said, call, f"Result: {total}", f"{total} coins."), total)


def _head(rng: random.Random, new_phrasings: bool, held_out: bool) -> Request:
    return _cost(rng, new_phrasings, held_out, has_tool=False)


def _program(rng: random.Random, new_phrasings: bool, held_out: bool) -> Request:
    task = programs.task(rng, rng.randint(1, 3), held_out=held_out)
    return Request("program", _talk(f"Write a program. {task.description}", task.program(rng)), task)


_MAKERS: dict[str, Callable[[random.Random, bool, bool], Request]] = {
    "record": _record, "query": _query, "cost": _cost, "head": _head, "program": _program,
}  # fmt: skip


# --- baselines and checks -------------------------------------------------------------------------------------


def any_of(options: Iterable[str]) -> str:
    """A regular expression for one of these words."""
    return f"({'|'.join(options)})"


# The form of a record, as a regular expression.
RECORD_FORM = (
    rf'\{{"customer": "{any_of(CUSTOMERS)}", "item": "{any_of(PRICES)}", '
    rf'"colour": ("{any_of(COLOURS)}"|null), "count": [1-9]\}}'
)


def record_by_rule(text: str) -> dict[str, Any]:
    """The record of the first name, article, colour and number that an order mentions: what a rule can do."""
    number = _first(text, [*map(str, range(2, 10)), *NUMBERS[1:]])
    count = number and (int(number) if number.isdigit() else NUMBERS.index(number) + 1)
    return dict(zip(FIELDS, (_first(text, CUSTOMERS), _first(text, PRICES), _first(text, COLOURS), count), strict=True))


def _first(text: str, options: Iterable[str]) -> str | None:
    places = {o: re.search(rf"\b{o}s?\b", text, re.I) for o in options}
    return min((o for o, found in places.items() if found), key=lambda o: places[o].start(), default=None)  # type: ignore[union-attr]


def database() -> sqlite3.Connection:
    """The shop's goods and past orders, to be read only."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    connection.executemany("INSERT INTO goods VALUES (?, ?)", PRICES.items())
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", past_orders())
    connection.execute("PRAGMA query_only = ON")
    return connection
