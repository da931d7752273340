"""The page of comparisons: made from the tests' own marks, complete, and every name on it is real."""

import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from book._ext.parity_table import PAGE, PLACE, Parity, marks, marks_of_file, page_text, table
from tools.address import current

ROOT = Path(__file__).resolve().parents[2]
MARKS = marks(ROOT)
FORK = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "someone-else/their-fork"}


@cache
def resolved(name: str) -> object:
    """The thing behind a dotted name: the longest part that is a module is imported, the rest are attributes."""
    parts = name.split(".")
    for n_module in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:n_module]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[n_module:]:
            found = getattr(found, attribute)
        return found
    raise ModuleNotFoundError(name)


def rows(text: str) -> list[str]:
    """The rows of all tables in a page's Markdown, without their heads."""
    return [line for line in text.splitlines() if line.startswith("| <code>")]


@pytest.mark.parametrize("name", sorted({mark.ours for mark in MARKS}))
def test_what_is_called_ours_is_in_the_package(name):
    assert resolved(name) is not None
    assert name.startswith("helpers.")


@pytest.mark.parametrize("name", sorted({mark.reference for mark in MARKS}))
def test_a_reference_exists_and_is_not_ours(name):
    assert resolved(name) is not None
    assert not name.startswith(("helpers", "tests"))


@pytest.mark.parametrize("name", ["helpers.tokenizers.nothing", "no_such_package.f", "transformers.NoSuchModel"])
def test_a_name_of_nothing_is_noticed(name):
    with pytest.raises((AttributeError, ModuleNotFoundError)):
        resolved(name)


def test_every_mark_in_a_test_is_a_row_of_the_page():
    text = page_text(ROOT)
    n_written = sum(
        path.read_text(encoding="utf-8").count("pytest.mark.equals(")
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__).resolve()
    )
    assert len(rows(text)) == len(MARKS) == n_written > 20
    for mark in MARKS:
        assert any(f"/{mark.path}#L{mark.line})" in row and mark.what in row for row in rows(text)), mark


def test_no_group_of_the_page_is_empty():
    groups = page_text(ROOT).split("\n## ")[1:]
    assert len(groups) == len({mark.room for mark in MARKS})
    assert [group.splitlines()[0] for group in groups if not rows(group)] == []


def test_the_page_has_a_place_for_the_table():
    assert (ROOT / f"{PAGE}.md").read_text(encoding="utf-8").count(PLACE) == 1
    assert f"- file: {PAGE}\n" in (ROOT / "_toc.yml").read_text(encoding="utf-8")


def test_the_links_of_a_fork_lead_to_the_fork(monkeypatch):
    for name, value in FORK.items():
        monkeypatch.setenv(name, value)
    assert set(re.findall(r"https://[\w.]+/[\w-]+/[\w-]+", page_text(ROOT))) == {current(ROOT, FORK).url}


def test_a_copy_without_tests_says_so(tmp_path):
    assert page_text(tmp_path) == "The tests are not part of this copy of the book."


def test_signs_of_markdown_and_html_in_a_mark_are_text():
    text = table([Parity("helpers.layers.f", "torch.g", "a | b < c", "tests/x.py", 7, "test_it_is_so")], "https://x")
    assert r"| a \| b &lt; c | [it is so](https://x/tests/x.py#L7) |" in text


MARK = 'pytest.mark.equals("helpers.layers.f", "torch.g", "outputs")'


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            f"@{MARK.replace('torch.g', 'x')}\ndef helper(): ...",
            "test_x.py, line 1: the mark `equals` stands on a test",
        ),
        (f"pytestmark = {MARK}", "line 1: the mark `equals` stands on a test function"),
        ('@pytest.mark.equals("helpers.layers.f", NAME, "x")\ndef test_a(): ...', "three literal strings, got pytest"),
        ('@pytest.mark.equals("helpers.layers.f", "torch.g")\ndef test_a(): ...', "three literal strings"),
        (f"@{MARK[:-1]}, exact=True)\ndef test_a(): ...", "three literal strings"),
        (
            '@pytest.mark.equals("torch.nn.g", "helpers.layers.f", "x")\ndef test_a(): ...',
            "ours must be helpers.<room>",
        ),
    ],
)
def test_a_mark_that_can_be_no_row_is_refused(tmp_path, source, message):
    (tmp_path / "test_x.py").write_text(source)
    with pytest.raises(ValueError, match=re.escape(message)):
        list(marks_of_file(tmp_path / "test_x.py", "test_x.py"))


def test_marks_of_methods_and_of_single_parameters_are_found(tmp_path):
    (tmp_path / "test_x.py").write_text(
        f"class TestA:\n    @{MARK}\n    @{MARK}\n    def test_a(self): ...\n\n"
        f"@pytest.mark.parametrize('x', [pytest.param(1, marks={MARK}), 2])\ndef test_b(x): ...\n"
    )
    found = sorted(marks_of_file(tmp_path / "test_x.py", "test_x.py"))
    assert [(mark.test, mark.line) for mark in found] == [("test_a", 4), ("test_a", 4), ("test_b", 7)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page as plain Sphinx builds it with the book's extension, warnings as errors."""
    folder = tmp_path_factory.mktemp("parity")
    (folder / "index.md").write_text((ROOT / f"{PAGE}.md").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nextensions = ['myst_nb', 'book._ext.parity_table']\n"
    )
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(folder), str(folder / "html")]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return (folder / "html/index.html").read_text(encoding="utf-8")


def test_the_built_page_shows_every_row_and_a_heading_per_room(built):
    body = built.split("<tbody>")[1:]
    assert sum(part.split("</tbody>")[0].count("<tr") for part in body) == len(MARKS)
    assert len(body) == len(re.findall("<h2", built)) == len({mark.room for mark in MARKS})
    assert PLACE not in built
