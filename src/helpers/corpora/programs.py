"""Programs that can be run: a description in words, and an expression in Python that does what it says.

One description has many right programs (x + x is as good as 2 * x), so an answer is never compared with a text. It is
run on a few inputs. Running what a model wrote is dangerous in general; here nothing is executed. The expression is
parsed, and only whole numbers, x, and + - * on them are worked out; everything else is refused.

Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", arXiv:2107.03374, section 2.1
(functional correctness) and 2.3 (why to run it in a sandbox).
"""

import ast
import operator
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

INPUTS = (-3, 0, 1, 2, 7)
LARGEST = 10**12  # a number above it ends the run
N_HELD_OUT_OF_EIGHT = 1
# What a step is called, what it does to a number, and the ways to write it: {e} is what was computed so far.
_STEPS: dict[str, tuple[Callable[[int, int], int], tuple[str, ...]]] = {
    "add {n}": (lambda e, n: e + n, ("({e}+{n})", "({n}+{e})")),
    "subtract {n}": (lambda e, n: e - n, ("({e}-{n})",)),
    "subtract from {n}": (lambda e, n: n - e, ("({n}-{e})",)),
    "multiply by {n}": (lambda e, n: e * n, ("({e}*{n})", "({n}*{e})")),
    "double": (lambda e, n: 2 * e, ("({e}*2)", "(2*{e})", "({e}+{e})")),
    "square": (lambda e, n: e * e, ("({e}*{e})",)),
}
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@dataclass(frozen=True)
class Task:
    """What to do with x, step by step; each step is a name and a number."""

    steps: tuple[tuple[str, int], ...]

    @property
    def description(self) -> str:
        """The task in words.

        >>> Task((("add {n}", 3), ("double", 0))).description
        'take x, add 3, double'
        """
        return ", ".join(["take x", *(name.format(n=n) for name, n in self.steps)])

    def value(self, x: int) -> int:
        """What a right program gives for x."""
        for name, n in self.steps:
            x = _STEPS[name][0](x, n)
        return x

    def program(self, rng: random.Random) -> str:
        """One of the right programs; what is written twice is kept short."""
        written = "x"
        for name, n in self.steps:
            ways = [way for way in _STEPS[name][1] if way.count("{e}") == 1 or len(written) <= 5]
            written = rng.choice(ways or list(_STEPS[name][1])).format(e=written, n=n)
        return written

    @property
    def is_held_out(self) -> bool:
        """Whether the task is kept from training: one in eight, decided by its own words."""
        return zlib.crc32(self.description.encode()) % 8 < N_HELD_OUT_OF_EIGHT


def task(rng: random.Random, n_steps: int, *, held_out: bool = False) -> Task:
    """A random task of so many steps, of those for training or of those held out."""
    while True:
        drawn = Task(tuple((rng.choice(sorted(_STEPS)), rng.randint(2, 9)) for _ in range(n_steps)))
        if drawn.is_held_out == held_out:
            return drawn


def evaluate(program: str, x: int) -> int:
    """The value of an expression of x, whole numbers, + - * and brackets. Raises ValueError for anything else.

    >>> evaluate("(x+3)*2", 4)
    14
    """
    if len(program) > 500:
        raise ValueError(f"a program has at most 500 characters, got {len(program)}")
    try:
        tree = ast.parse(program.strip(), mode="eval")
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"a program must be an expression, got {program!r}") from error
    return _value(tree.body, x)


def _value(node: ast.expr, x: int) -> int:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            value = number
        case ast.Name(id="x"):
            value = x
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = -_value(operand, x)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            value = _OPERATORS[type(op)](_value(left, x), _value(right, x))
        case _:
            raise ValueError(f"a program holds x, whole numbers and + - *, got {ast.unparse(node)!r}")
    if abs(value) > LARGEST:
        raise ValueError(f"a number above {LARGEST} ends the run")
    return value


def is_right(problem: Task, program: str) -> bool:
    """Whether the program gives the right value for every input; one that cannot be run is wrong."""
    try:
        return all(evaluate(program, x) == problem.value(x) for x in INPUTS)
    except ValueError:
        return False
