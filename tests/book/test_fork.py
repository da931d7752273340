"""A fork that publishes from its own CI gets working links and install cells, and nobody edits a file."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.address import Address, current, declared
from tools.stamp_repository import rewrite, stamped_files

ROOT = Path(__file__).resolve().parents[2]
FORK = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "someone-else/their-fork"}
ORIGIN = declared(ROOT)
NOTEBOOK = "notebooks/a_page.ipynb"


def install_cell(address: Address) -> str:
    """The first code cell of every notebook."""
    return (
        "# On Colab this installs the book's package; anywhere else it does nothing.\n"
        "import sys\n\n"
        'if "google.colab" in sys.modules:\n'
        f'    %pip install -q "from-gpt-to-llama @ git+{address.url}@{address.branch}"'
    )


def badge(address: Address, notebook: str) -> str:
    """The launch link that every notebook carries under its title."""
    return f"https://colab.research.google.com/github/{address.slug}/blob/{address.branch}/{notebook}"


def sources(path: Path) -> list[tuple[str, str]]:
    """The cells of a notebook as (type, text)."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_installs_and_launches_the_declared_repository(path: Path):
    cells = sources(path)
    first = next(text for kind, text in cells if kind == "code")
    assert first == install_cell(ORIGIN)
    assert any(kind == "markdown" and f"({badge(ORIGIN, f'notebooks/{path.name}')})" in text for kind, text in cells)


def test_every_address_of_the_repository_is_the_declared_one():
    owners = re.compile(r"(?:github\.com|/github|/v2/gh)/([\w.-]+/from-gpt-to-llama)(?![\w-])")
    named = {slug for path in stamped_files(ROOT) for slug in owners.findall(path.read_text(encoding="utf-8"))}
    assert named <= {ORIGIN.slug}
    assert named, "the declared address stands at least in pyproject.toml"


def test_the_ci_of_a_fork_overrides_the_declared_address():
    assert current(ROOT, {}) == ORIGIN
    assert current(ROOT, FORK).url == "https://github.com/someone-else/their-fork"


def test_an_address_that_is_no_repository_is_refused(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/alone"\n')
    with pytest.raises(ValueError, match="server/owner/name, got 'https://github"):
        declared(tmp_path)


def test_links_to_repositories_with_a_longer_name_stay():
    old, new = Address("https://github.com", "a/b", "main"), Address("https://github.com", "c/d", "launch")
    text = "https://github.com/a/b-two https://github.com/a/b/issues git+https://github.com/a/b@main"
    assert rewrite(text, old, new) == (
        "https://github.com/a/b-two https://github.com/c/d/issues git+https://github.com/c/d@launch"
    )


FOOTER = {
    "output_type": "stream",
    "name": "stdout",
    "text": "helpers 0.1.0 · torch 2.13.0 · Python 3.12 · seed 0 · cpu, 2 threads · 1 s · at most 1.0 GiB\n",
}


def bare_notebook() -> dict:
    """A small notebook with the two places that hold the address, and the last line that the status reads."""
    markdown = {"cell_type": "markdown", "id": "a", "metadata": {}}
    code = {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": None, "outputs": []}
    return {
        "cells": [
            {**markdown, "source": f"# A page\n\n[Open this notebook in Colab]({badge(ORIGIN, NOTEBOOK)})"},
            {**code, "source": install_cell(ORIGIN)},
            {**code, "id": "c", "source": "print(footer(0, device, stopwatch))", "outputs": [FOOTER]},
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture(scope="module")
def forked_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, stamped and built as the publishing workflow of a fork does it."""
    tree = tmp_path_factory.mktemp("fork") / "tree"
    tree.mkdir()
    (tree / "notebooks").mkdir()
    for name in ("book", "tools"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, tree / "notebooks")
    for name in ("pyproject.toml", "_config.yml", "_toc.yml", "README.md"):
        shutil.copy(ROOT / name, tree / name)
    (tree / "_vendor").symlink_to(ROOT / "_vendor")
    (tree / NOTEBOOK).write_text(json.dumps(bare_notebook()), encoding="utf-8")
    toc = tree / "_toc.yml"
    toc.write_text(toc.read_text() + f"  - caption: Added\n    chapters:\n      - file: {NOTEBOOK[:-6]}\n")

    environ = {**os.environ, **FORK}
    stamp = [sys.executable, "-m", "tools.stamp_repository", ".", "--branch", "launch"]
    subprocess.run(stamp, cwd=tree, env=environ, check=True, capture_output=True)
    build = [str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "-W", "--keep-going"]
    answer = subprocess.run(build, cwd=tree, env=environ, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
    return tree


def test_the_pages_of_a_fork_launch_the_fork(forked_site: Path):
    html = (forked_site / "_build/html/notebooks/a_page.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(https?://[^"]*(?:colab|mybinder)[^"]*)"', html)
    fork = Address("https://github.com", "someone-else/their-fork", "launch")
    assert set(links) == {
        badge(fork, NOTEBOOK),
        f"https://mybinder.org/v2/gh/{fork.slug}/launch?urlpath=lab/tree/{NOTEBOOK}",
    }
    assert f'repo: "{fork.slug}"' in html
    assert 'ref: "launch"' in html


def test_the_notebooks_of_a_fork_install_the_fork(forked_site: Path):
    fork = Address("https://github.com", "someone-else/their-fork", "launch")
    for path in sorted((forked_site / "notebooks").glob("*.ipynb")):
        first = next(text for kind, text in sources(path) if kind == "code")
        assert first == install_cell(fork)


def test_nothing_that_a_fork_publishes_names_the_origin(forked_site: Path):
    published = [*(forked_site / "_build/html").rglob("*.html"), *(forked_site / "_build/html").rglob("*.ipynb")]
    assert len(published) > 5
    named = [path.name for path in published if ORIGIN.slug in path.read_text(encoding="utf-8")]
    assert named == []
