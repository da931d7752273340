"""The package is a house: an import goes down a floor, never up and never next door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
FLOORS = (
    ("runtime",),
    ("tokenizers", "layers", "positions", "corpora"),
    ("attention",),
    ("models",),
    ("sampling", "retrieval"),
    ("training", "interpret", "evaluation"),
    ("viz",),
    ("widgets",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
BESIDE = {"exercises", "records", "checkpoints", "ledger"}  # these may use any floor, and no floor counts on them


def parsed(source: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Every file of the package with its syntax tree."""
    for path in sorted((source / "helpers").rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def rooms_imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The rooms of `helpers` that a file imports from, each with the line."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "helpers":
            names = [f"helpers.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            parts = name.split(".")
            if parts[0] == "helpers" and len(parts) > 1:
                yield parts[1], node.lineno


def climbing_imports(source: Path) -> list[str]:
    """Imports that go up or next door, as sentences."""
    found = []
    for path, tree in parsed(source):
        place = path.relative_to(source)
        room = place.parts[1].removesuffix(".py")
        if room not in FLOOR_OF:
            continue
        for target, line in rooms_imported(tree):
            if target in FLOOR_OF and target != room and FLOOR_OF[target] >= FLOOR_OF[room]:
                found.append(
                    f"{place}:{line} climbs from floor {FLOOR_OF[room]} ({room}) to floor {FLOOR_OF[target]} ({target})"
                )
    return found


def relative_imports(source: Path) -> list[str]:
    """Imports with a dot, which would slip past the floors."""
    return [
        f"{path.relative_to(source)}:{node.lineno}"
        for path, tree in parsed(source)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def without_docstring(source: Path) -> list[str]:
    """Public functions, classes, methods and modules that do not say what they are."""
    found = []
    for path, tree in parsed(source):
        if ast.get_docstring(tree) is None and tree.body:
            found.append(f"{path.relative_to(source)}: the file")
        found += [f"{path.relative_to(source)}:{node.lineno} {node.name}" for node in public(tree) if is_bare(node)]
    return found


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions, classes and methods of classes whose names do not begin with an underscore."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from (item for item in public(ast.Module(node.body, [])) if item.name != "forward")


def is_bare(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether a definition lacks a docstring and is not one of several typed forms of one function."""
    return ast.get_docstring(node) is None and not any("overload" in ast.unparse(d) for d in node.decorator_list)


@pytest.fixture
def house(tmp_path: Path):
    """A made-up package: write files, get its source folder."""

    def build(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / "helpers" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return build


def test_imports_go_down_the_floors():
    assert climbing_imports(SOURCE) == []


def test_an_import_that_climbs_is_named_with_its_file_and_line(house):
    source = house(layers__norms="import torch\nfrom helpers.models.decoder import Decoder\n")
    assert climbing_imports(source) == ["helpers/layers/norms.py:2 climbs from floor 1 (layers) to floor 3 (models)"]


def test_next_door_on_the_same_floor_is_climbing_too(house):
    source = house(
        tokenizers__bpe="from helpers import corpora\n",
        training__loop="import helpers.evaluation.perplexity\n",
        viz__show="def f():\n    from helpers.widgets import Sliders\n",
    )
    assert len(climbing_imports(source)) == 3


def test_going_down_and_staying_in_the_room_are_allowed(house):
    source = house(models__decoder="from helpers.attention import x\nfrom helpers.models.config import y\n")
    assert climbing_imports(source) == []


def test_every_room_of_the_package_has_its_floor():
    rooms = {path.name.removesuffix(".py") for path in (SOURCE / "helpers").iterdir()}
    rooms -= {name for name in rooms if name.startswith(("_", "."))}
    assert rooms <= set(FLOOR_OF) | BESIDE


def test_imports_name_the_package():
    assert relative_imports(SOURCE) == []


def test_no_file_is_a_drawer_for_everything():
    drawers = {"utils", "util", "misc", "common", "helper"}
    assert [path for path in SOURCE.rglob("*.py") if path.stem in drawers or path.parent.name in drawers] == []


def test_everything_public_says_what_it_is():
    assert without_docstring(SOURCE) == []


def test_a_missing_docstring_is_noticed(house):
    source = house(layers__norms='"""Norms."""\nclass A:\n    """Yes."""\n    def b(self): ...\ndef c(): ...\n')
    assert without_docstring(source) == ["helpers/layers/norms.py:4 b", "helpers/layers/norms.py:5 c"]
