"""The claims of the article this book mirrors, each with a verdict, as data that checks itself.

They stand in `claims/`, one TOML file per section of the article. To add one, copy an entry and give it the next free
number; `tests/ledger` says what is missing.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.resources import files
from itertools import pairwise

from helpers.ledger.number import Number

VERDICTS = {
    "right": "true as it stands, or true in kind",
    "imprecise": "has a true core, and misleads or is out of date as printed",
    "wrong": "false as printed",
    "unverifiable": "no source could settle it: undisclosed, a forecast, or an opinion",
    "missing": "not said in the article, and needed to understand the rest",
}
SURE = {
    "read": "source read",
    "secondary": "known through reports",
    "cited": "source not read again",
    "memory": "from memory",
}
CHAPTERS = {
    "01_concepts": "Concepts", "02_architecture": "Architecture", "02b_bert_and_t5": "BERT and T5", "03_gpt": "GPT",
    "03b_sampling": "Sampling", "03c_scaling_and_prompting": "Scaling and prompting", "04_llama": "LLaMA",
    "05_training": "Training", "05b_instruction_tuning": "Instruction tuning", "05c_preferences": "Preferences",
    "06_attention": "Attention", "07_positions": "Positions", "08_applications": "Applications",
    "08b_impact": "Impact", "09_future": "Future", "10_practice": "Practice",
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """One sentence of the article, and what we found.

    `sources` are keys of the bibliography, `documents` what has no entry there. `sure` is how the correction was
    checked, `unread` the part of it that was not. `computed` names functions of this room, as in "layers.swiglu_width".
    """

    id: str
    section: str
    claim: str
    verdict: str
    correction: str
    chapters: tuple[str, ...]
    sure: str
    sources: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    as_of: str = ""
    unread: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"C\d{3}", self.id):
            raise ValueError(f"a claim is numbered C and three digits, got {self.id!r}")
        self._check_words("verdict", VERDICTS, self.verdict)
        self._check_words("sure", SURE, self.sure)
        self._check_words("chapters", CHAPTERS, *self.chapters)
        for name in ("section", "claim", "correction", "chapters"):
            if not getattr(self, name):
                raise ValueError(f"{self.id} needs {name}, got nothing")
        if not (self.sources or self.documents or self.verdict == "unverifiable"):
            raise ValueError(f"{self.id} is called {self.verdict}, so it needs a source, got none")
        for name in self.computed:
            recomputing(name)

    def _check_words(self, name: str, known: dict[str, str], *words: str) -> None:
        for word in words:
            if word not in known:
                raise ValueError(f"{self.id}: {name} is one of {', '.join(known)}, got {word!r}")

    def numbers(self) -> list[Number]:
        """Everything of this claim that can be computed, computed now."""
        return [number for name in self.computed for number in recompute(name)]


@dataclass(frozen=True)
class Section:
    """The claims of one section of the article."""

    title: str
    claims: tuple[Claim, ...] = field(default=())


@cache
def sections() -> tuple[Section, ...]:
    """The article's sections in their order."""
    folder = files(__package__) / "claims"
    paths = sorted(path.name for path in folder.iterdir() if path.name.endswith(".toml"))
    found = tuple(parsed((folder / path).read_text(encoding="utf-8")) for path in paths)
    ids = [claim.id for section in found for claim in section.claims]
    if ids != sorted(set(ids)):
        raise ValueError(f"claims are numbered upwards, each number once; out of order: {first_out_of_order(ids)}")
    return found


def claims() -> tuple[Claim, ...]:
    """All claims, by number."""
    return tuple(claim for section in sections() for claim in section.claims)


def parsed(text: str) -> Section:
    """A section from its TOML."""
    entries = tomllib.loads(text)
    title = entries.pop("title")
    return Section(title, tuple(Claim(id=name, **tuples(entry)) for name, entry in entries.items()))


def tuples(entry: dict) -> dict:
    """The entry with lists that cannot change."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}


def first_out_of_order(ids: list[str]) -> str:
    """The first number that is not above the one before it."""
    return next(after for before, after in pairwise(ids) if after <= before)


def recomputing(name: str) -> Callable[[], list[Number]]:
    """The function of this room that a claim names."""
    module, _, function = name.partition(".")
    try:
        return getattr(import_module(f"{__package__}.{module}"), function)
    except (ModuleNotFoundError, AttributeError):
        raise ValueError(f"no function {function!r} in helpers/ledger/{module}.py, as {name!r} would be") from None


@cache
def recompute(name: str) -> tuple[Number, ...]:
    """The numbers of one function; the second question costs nothing."""
    return tuple(recomputing(name)())
