"""The rehearsal of Colab pretends two things alone: that its package is there, and where the repository is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.address import declared
from tools.rehearse_colab import environment, rehearse

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository of one commit that declares the book's address."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*AUTHOR, "commit", "-qm", "All"]):
        subprocess.run(["git", *command], cwd=tree, check=True)
    return tree


AUTHOR = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]


def test_a_first_cell_believes_that_it_is_on_colab(tree: Path, tmp_path: Path):
    ask = [sys.executable, "-c", "import sys; print('google.colab' in sys.modules)"]
    assert subprocess.run(ask, capture_output=True, text=True).stdout == "False\n"
    environ = environment(tmp_path / "stand_in", tree)
    assert subprocess.run(ask, env=environ, capture_output=True, text=True).stdout == "True\n"


def test_the_address_of_the_book_leads_to_the_tree(tree: Path, tmp_path: Path):
    environ = environment(tmp_path / "stand_in", tree)
    remote = subprocess.run(
        ["git", "ls-remote", declared(tree).url, "main"], env=environ, capture_output=True, text=True
    )
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tree, capture_output=True, text=True)
    assert remote.stdout.split()[0] == head.stdout.strip()


def written(path: Path, source: str) -> Path:
    """A notebook of one cell."""
    import nbformat

    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    return path


def test_a_cell_that_fails_ends_the_rehearsal_with_its_error(tree: Path, tmp_path: Path):
    notebook = written(tmp_path / "a.ipynb", "raise KeyError('no such thing')")
    with pytest.raises(RuntimeError, match="no such thing"):
        rehearse(Path(sys.executable), notebook, environment(tmp_path / "stand_in", tree), uninstall=False)


def test_a_notebook_that_leaves_a_file_is_found_out(tree: Path, tmp_path: Path):
    notebook = written(tmp_path / "a.ipynb", "open('left.txt', 'w').close()")
    with pytest.raises(RuntimeError, match=r"leave nothing behind, but left .*left\.txt"):
        rehearse(Path(sys.executable), notebook, environment(tmp_path / "stand_in", tree), uninstall=False)


def test_what_the_last_cell_prints_is_the_answer(tree: Path, tmp_path: Path):
    notebook = written(tmp_path / "a.ipynb", "import sys\nprint('google.colab' in sys.modules)")
    assert rehearse(Path(sys.executable), notebook, environment(tmp_path / "stand_in", tree), uninstall=False) == "True"
