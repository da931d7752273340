"""Write the table of everything that the tests compare with an independent reference.

A test says so itself: `@pytest.mark.equals(ours, reference, what)`. This file reads the syntax trees of the tests and
puts one row per mark into the page, at the line PLACE, grouped by the rooms of the package.
"""

import ast
import html
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from sphinx.application import Sphinx

from tools.address import current

ROOT = Path(__file__).resolve().parents[2]
PAGE = "book/parity"
PLACE = "<!-- the table of book/_ext/parity_table.py -->"
ROOMS = ("tokenizers", "layers", "positions", "attention", "models", "sampling", "training")  # others follow
HEAD = "| ours, in `helpers.{room}` | equal to | what is compared | the test |\n|---|---|---|---|"
# Names break after dots only, and columns keep a readable width: on a phone the table scrolls in its own box.
STYLE = "<style>table.parity {min-width: 44rem} .bd-article table.parity td code {overflow-wrap: normal}</style>"


@dataclass(frozen=True, order=True)
class Parity:
    """One mark of a test: what of ours equals which reference in what, and where that is shown."""

    ours: str
    reference: str
    what: str
    path: str  # of the test, from the root of the repository
    line: int
    test: str

    @property
    def room(self) -> str:
        """The room of the package that ours stands in."""
        return self.ours.split(".")[1]

    @property
    def name(self) -> str:
        """The name of ours inside its room."""
        return self.ours.removeprefix(f"helpers.{self.room}.")


def marks(root: Path) -> list[Parity]:
    """Every mark of every test, sorted by name."""
    paths = sorted((root / "tests").rglob("test_*.py"))
    return sorted(mark for path in paths for mark in marks_of_file(path, path.relative_to(root).as_posix()))


def marks_of_file(path: Path, name: str) -> Iterator[Parity]:
    """The marks of one file.

    Raises:
        ValueError: a mark is not three literal strings, or stands on no test, so that no row could be made of it.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    seen = set()
    for function in (node for node in ast.walk(tree) if is_test(node)):
        for call in calls(*function.decorator_list):
            seen.add(call)
            yield Parity(*literals(call, name), name, function.lineno, function.name)
    for call in calls(tree):
        if call not in seen:
            raise ValueError(f"{name}, line {call.lineno}: the mark `equals` stands on a test function, as a decorator")


def is_test(node: ast.AST) -> bool:
    """Whether pytest would run this function."""
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


def calls(*trees: ast.AST) -> Iterator[ast.Call]:
    """Every `pytest.mark.equals(...)` in the trees."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.equals":
                yield node


def literals(call: ast.Call, name: str) -> tuple[str, str, str]:
    """The three strings of a mark."""
    values = [getattr(argument, "value", None) for argument in call.args]
    if call.keywords or len(values) != 3 or not all(isinstance(value, str) for value in values):
        raise ValueError(
            f'{name}, line {call.lineno}: the mark must be equals("ours", "reference", "what is compared"), three '
            f"literal strings, got {ast.unparse(call)}"
        )
    ours, reference, what = values
    if not ours.startswith("helpers.") or ours.count(".") < 2:
        raise ValueError(f"{name}, line {call.lineno}: ours must be helpers.<room>.<name>, got {ours!r}")
    return ours, reference, what


def table(rows: list[Parity], blob: str) -> str:
    """The page's Markdown: a heading and a table per room; `blob` is where the repository's files can be read."""
    known = {room: place for place, room in enumerate(ROOMS)}
    rows = sorted(rows, key=lambda row: (known.get(row.room, len(ROOMS)), row))
    groups = [(room, list(group)) for room, group in groupby(rows, key=lambda row: row.room)]
    parts = [f"{len(rows)} comparisons in {len(groups)} rooms of the package.", STYLE]
    for room, group in groups:
        lines = "\n".join(line(row, blob) for row in group)
        parts += [f"## {room.capitalize()}", f"```{{table}}\n:class: parity\n\n{HEAD.format(room=room)}\n{lines}\n```"]
    return "\n\n".join(parts)


def line(row: Parity, blob: str) -> str:
    """One row: the names may break after a dot, the test is linked to its line."""
    sentence = row.test.removeprefix("test_").replace("_", " ")
    link = f"[{sentence}]({blob}/{row.path}#L{row.line})"
    return f"| {breakable(row.name)} | {breakable(row.reference)} | {cell(row.what)} | {link} |"


def breakable(name: str) -> str:
    """A dotted name as code that may be broken after each dot."""
    return f"<code>{html.escape(name).replace('.', '.<wbr>')}</code>"


def cell(text: str) -> str:
    """Text that means the same inside a table of Markdown."""
    return html.escape(text, quote=False).replace("|", "\\|")


def page_text(root: Path) -> str:
    """What stands at PLACE; a copy of the book without its tests says so."""
    if not (root / "tests").is_dir():
        return "The tests are not part of this copy of the book."
    address = current(root, os.environ)
    return table(marks(root), f"{address.url}/blob/{address.branch}")


def write_table(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the table into the page that is being read."""
    if PLACE in source[0]:
        app.env.note_reread()  # Sphinx does not watch the tests
        source[0] = source[0].replace(PLACE, page_text(ROOT))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both steps."""
    app.connect("source-read", write_table)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
