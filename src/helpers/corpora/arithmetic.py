"""Sums that a program can check: whether an answer is right is a fact, not an opinion.

A sum has a question ("47+85="), an answer ("132"), and the same answer worked out from the last digit to the first with
every carry written down ("7+5+0=12,4+8+1=13:132"), which asks less of each single step.

Convention: what counts is what stands behind the last ":", so a right result is right whatever the working says.
Source: Nye et al. 2021, "Show Your Work: Scratchpads for Intermediate Computation with Language Models",
arXiv:2112.00114, section 3 (addition).
"""

import random
import re
from dataclasses import dataclass

CHARACTERS = "0123456789+=,:"
N_HELD_OUT_OF_TEN = 1


@dataclass(frozen=True)
class Sum:
    """Two numbers to be added.

    >>> Sum(47, 85).question + Sum(47, 85).answer
    '47+85=132'
    """

    a: int
    b: int

    @classmethod
    def asked(cls, question: str) -> "Sum":
        """The sum that a question asks for.

        >>> Sum.asked("47+85=")
        Sum(a=47, b=85)
        """
        match = re.fullmatch(r"(\d+)\+(\d+)=", question, re.ASCII)
        if not match:
            raise ValueError(f"a question has the form '47+85=', got {question!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def question(self) -> str:
        """The problem, up to where an answer begins."""
        return f"{self.a}+{self.b}="

    @property
    def answer(self) -> str:
        """The result alone."""
        return str(self.a + self.b)

    @property
    def worked(self) -> str:
        """The result after its working: digit + digit + carry, last digits first.

        >>> Sum(47, 85).worked
        '7+5+0=12,4+8+1=13:132'
        """
        steps, carry = [], 0
        width = len(str(max(self.a, self.b)))
        for x, y in zip(reversed(f"{self.a:0{width}}"), reversed(f"{self.b:0{width}}"), strict=True):
            total = int(x) + int(y) + carry
            steps.append(f"{x}+{y}+{carry}={total}")
            carry = total // 10
        return f"{','.join(steps)}:{self.answer}"

    @property
    def is_held_out(self) -> bool:
        """Whether the sum is kept from training: one in ten, a + b always with b + a, from which it could be told."""
        low, high = sorted((self.a, self.b))
        return random.Random(f"{low}+{high}").randrange(10) < N_HELD_OUT_OF_TEN


def sums(n: int, n_digits: int, seed: int, *, held_out: bool = False) -> list[Sum]:
    """`n` sums of numbers with up to `n_digits` digits, all of them held out, or none.

    Each seed draws others; with replacement, so a long list may hold a sum twice.
    """
    if n_digits not in (1, 2, 3):
        raise ValueError(f"n_digits must be 1, 2 or 3, got {n_digits}")
    rng = random.Random(seed)
    found: list[Sum] = []
    while len(found) < n:
        drawn = Sum(rng.randrange(10**n_digits), rng.randrange(10**n_digits))
        if drawn.is_held_out == held_out:
            found.append(drawn)
    return found


def is_right(problem: Sum, answer: str) -> bool:
    """Whether the answer's result, behind its working if it has any, is the sum, digit for digit."""
    return answer.rpartition(":")[-1] == problem.answer
