"""Keep the definitions shown in notebooks equal to the library: `python -m tools.mirrored_cells` rewrites them.

A mirrored cell starts with the definition's full name, such as `# helpers.attention.masks.causal_mask`, and goes on
with its source without docstrings: in a notebook the prose above the cell says what they would.
"""

import ast
import importlib
import inspect
import json
import re
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"# (helpers(?:\.\w+)+)(?:\n|$)")


def mirrored_name(source: str) -> str | None:
    """The full name in the first line of a mirrored cell; None for any other cell."""
    found = NAME.match(source)
    return found[1] if found else None


def library_source(name: str) -> str:
    """The source of a function or class without its docstrings."""
    module, _, attribute = name.rpartition(".")
    source = textwrap.dedent(inspect.getsource(getattr(importlib.import_module(module), attribute)))
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        text = docstring_node(node)
        if text is not None:
            lines[text.lineno - 1 : text.end_lineno] = [""] * (text.end_lineno - text.lineno + 1)  # type: ignore[operator]
    cleaned = re.sub(r":\n(?:\s*\n)+", ":\n", "\n".join(lines))
    return cleaned.rstrip()


def docstring_node(node: ast.AST) -> ast.stmt | None:
    """The statement that is the docstring of a function or class, if it has one."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
        return node.body[0]
    return None


def same_syntax(a: str, b: str) -> bool:
    """Whether two pieces of source mean the same: layout and comments aside."""
    return ast.dump(ast.parse(a)) == ast.dump(ast.parse(b))


def cell_source(cell: dict[str, Any]) -> str:
    """A cell's text, whichever of the two ways the file stores it."""
    return "".join(cell["source"])


def rewrite(path: Path) -> list[str]:
    """Bring one notebook's mirrored cells up to date; gives the names that had drifted."""
    notebook, drifted = json.loads(path.read_text(encoding="utf-8")), []
    for cell in notebook["cells"]:
        name = mirrored_name(cell_source(cell)) if cell["cell_type"] == "code" else None
        if name and not same_syntax(cell_source(cell), library_source(name)):
            cell["source"] = f"# {name}\n{library_source(name)}".splitlines(keepends=True)
            drifted.append(name)
    if drifted:
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return drifted


if __name__ == "__main__":
    for notebook_path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for drifted_name in rewrite(notebook_path):
            print(f"{notebook_path.name}: {drifted_name} brought up to date")
