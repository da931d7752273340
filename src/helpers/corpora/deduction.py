"""Deduction in the smallest form: from "bim is dax" and "dax is wug" follows what bim is in the end.

The kinds are words without a meaning, and every problem gives them new rules, so nothing can be known beforehand. Three
chains of equal length stand side by side in random order: who only looks for an end finds the right one in one case
of three. The worked answer copies the rules that are used, one after the other, before it says the result.

Source: Saparov and He 2023, "Language Models Are Greedy Reasoners", arXiv:2210.01240, section 2, for invented kinds and
depth as the measure; Clark et al. 2020, "Transformers as Soft Reasoners over Language", arXiv:2002.05867.
"""

import random
from dataclasses import dataclass
from itertools import pairwise

KINDS = (
    "bim", "dax", "wug", "zup", "lem", "fep", "gorp", "nud", "tiv", "rell", "mub", "kiz", "pol", "sarn", "vex", "yomp",
    "hib", "jat", "quon", "drell", "flim", "snop", "trell", "blick",
)  # fmt: skip
N_CHAINS = 3
DEEPEST = len(KINDS) // N_CHAINS - 1


@dataclass(frozen=True)
class Deduction:
    """Rules in the order they are told, and the chain that has to be followed from its first kind to its last."""

    rules: tuple[tuple[str, str], ...]
    chain: tuple[str, ...]

    @property
    def question(self) -> str:
        """The rules, and the kind whose end is asked for.

        >>> Deduction((("dax", "wug"), ("bim", "dax")), ("bim", "dax", "wug")).question
        'dax is wug. bim is dax. What is bim in the end?'
        """
        told = " ".join(f"{a} is {b}." for a, b in self.rules)
        return f"{told} What is {self.chain[0]} in the end?"

    @property
    def answer(self) -> str:
        """The last kind of the chain."""
        return self.chain[-1]

    @property
    def worked(self) -> str:
        """The rules that are used, in order, then the answer.

        >>> Deduction((("dax", "wug"), ("bim", "dax")), ("bim", "dax", "wug")).worked
        'bim is dax, dax is wug: wug'
        """
        steps = ", ".join(f"{a} is {b}" for a, b in pairwise(self.chain))
        return f"{steps}: {self.answer}"


def deduction(rng: random.Random, depth: int) -> Deduction:
    """A problem that needs `depth` rules, among chains as long as its own."""
    if not 1 <= depth <= DEEPEST:
        raise ValueError(f"depth counts the rules of a chain and is from 1 to {DEEPEST}, got {depth}")
    kinds = rng.sample(KINDS, N_CHAINS * (depth + 1))
    chains = [kinds[i : i + depth + 1] for i in range(0, len(kinds), depth + 1)]
    rules = [(a, b) for chain in chains for a, b in pairwise(chain)]
    rng.shuffle(rules)
    return Deduction(tuple(rules), tuple(chains[0]))


def is_right(problem: Deduction, answer: str) -> bool:
    """Whether the answer's result, behind its working if it has any, is the end of the chain."""
    return answer.rpartition(":")[-1].strip() == problem.answer
