"""What every chapter tries its exercises with: the printed solutions, an untouched stub, typical mistakes.

A chapter's test file names its notebook, its checks, and mistakes with the hint each must get, and calls `trials`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCOPE = {"torch": torch, "Tensor": Tensor, "Bool": Bool, "Float": Float, "Int": Int}
Solve = Callable[..., Any]
Mistake = tuple[str, Solve, str]


def solutions(notebook: str) -> list[str]:
    """The sources printed under "Solution" in a notebook."""
    cells = json.loads((NOTEBOOKS / notebook).read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.findall(r"<summary>Solution</summary>\s*```python\n(.*?)```", text, re.S)


def name_of(source: str) -> str:
    """The function that a solution is about: the last that it defines."""
    return re.findall(r"^def (\w+)", source, re.M)[-1]


def trials(
    notebook: str, checks: Mapping[str, Callable[[Solve], None]], wrong: Sequence[Mistake], **scope: Any
) -> tuple[Callable[..., None], ...]:
    """Four tests: all are solved, solutions pass, stubs neither pass nor stop, mistakes are named.

    `scope` holds what the solutions use beside torch and the shapes' names: the imports of the notebook.
    """
    printed = solutions(notebook)

    def test_every_exercise_has_a_solution_in_the_notebook() -> None:
        assert [name_of(source) for source in printed] == list(checks)

    @pytest.mark.parametrize("source", printed, ids=name_of)
    def test_the_printed_solution_passes_its_check(source: str, capsys: pytest.CaptureFixture[str]) -> None:
        names = {**SCOPE, **scope}
        exec(source, names)
        checks[name_of(source)](names[name_of(source)])
        assert capsys.readouterr().out == "Correct.\n"

    @pytest.mark.parametrize("name", checks)
    def test_an_untouched_stub_neither_passes_nor_stops_the_notebook(
        name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        checks[name](lambda *arguments: None)
        assert capsys.readouterr().out.startswith("Not started")

    @pytest.mark.parametrize(("name", "solve", "hint"), wrong)
    def test_a_typical_mistake_is_named(name: str, solve: Solve, hint: str) -> None:
        with pytest.raises(AssertionError, match=hint):
            checks[name](solve)

    return (
        test_every_exercise_has_a_solution_in_the_notebook,
        test_the_printed_solution_passes_its_check,
        test_an_untouched_stub_neither_passes_nor_stops_the_notebook,
        test_a_typical_mistake_is_named,
    )
