"""Run notebooks as Colab would: its Python, an empty folder, and nothing but what the first cell installs.

    python -m tools.rehearse_colab --python python3.12 notebooks/03_gpt.ipynb

A new environment gets what Colab brings. Each notebook is copied alone into an empty folder and run there with a
stand-in for `google.colab`, so its own first cell installs the package from the book's address. Git is told to find
that address in this tree: what is installed is the last commit here. Nothing else is pretended; what only Google's
machine has is not tried.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.address import declared

ROOT = Path(__file__).resolve().parents[1]
# The packages of Colab's image that the notebooks touch, and what runs a notebook without a browser.
BROUGHT = ("torch", "numpy", "matplotlib", "plotly", "ipywidgets", "ipykernel", "transformers", "tqdm", "requests")
RUNNER = ("nbclient", "nbformat")
# Python runs this file at its start: from then on the first cell believes that it is on Colab.
STAND_IN = {"google/colab/__init__.py": '"""Stands in for Colab."""\n', "sitecustomize.py": "import google.colab\n"}
RUN = """
import sys, nbformat
from nbclient import NotebookClient
path = sys.argv[1]
notebook = nbformat.read(path, as_version=4)
NotebookClient(notebook, timeout=1200, kernel_name="python3").execute()
print("".join(output.get("text", "") for output in notebook.cells[-1].outputs).strip())
"""


def make_environment(folder: Path, python: str, packages: list[str]) -> Path:
    """A new virtual environment with what Colab brings; the path of its Python."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    inside = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([str(inside), "-m", "pip", "install", "--quiet", *packages, *RUNNER], check=True)
    return inside


def environment(stand_in: Path, tree: Path) -> dict[str, str]:
    """The variables of a run: the stand-in is found, the book's address leads to `tree`, threads are few."""
    for name, text in STAND_IN.items():
        path = stand_in / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    address = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{tree.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": declared(tree).url,
    }
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return {**kept, **address, "PYTHONPATH": str(stand_in), "HELPERS_PROGRESS": "off"}


def rehearse(python: Path, notebook: Path, environ: dict[str, str], *, uninstall: bool = True) -> str:
    """Run one notebook alone in an empty folder; its last line.

    Raises:
        RuntimeError: a cell failed, or the folder was not left as it was but for the notebook.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(notebook, folder)
        run = [str(python), "-c", RUN, notebook.name]
        answer = subprocess.run(run, cwd=folder, env=environ, capture_output=True, text=True)
        left = sorted(path.name for path in folder.iterdir())
    if uninstall:  # the next notebook has to install the package by itself
        subprocess.run([str(python), "-m", "pip", "uninstall", "--quiet", "--yes", "from-gpt-to-llama"], check=True)
    if answer.returncode:
        raise RuntimeError(f"{notebook.name} failed:\n{answer.stderr[-3000:]}")
    if left != [notebook.name]:
        raise RuntimeError(f"{notebook.name} must leave nothing behind, but left {left}")
    return answer.stdout.strip()


def main() -> None:
    """Rehearse what the command line names, in order, and say how each went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--python", default=sys.executable, help="the Python to make the environment with")
    parser.add_argument("--package", action="append", default=[], help="pin one package, such as torch==2.13.0")
    parser.add_argument(
        "--environment", type=Path, help="the Python of an environment that is ready, instead of a new one"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pinned = {package.split("=")[0]: package for package in options.package}
        packages = [pinned.pop(package, package) for package in BROUGHT] + list(pinned.values())
        python = options.environment or make_environment(folder / "environment", options.python, packages)
        environ = environment(folder / "stand_in", ROOT)
        failed = [notebook for notebook in options.notebooks if not has_passed(python, notebook, environ)]
    sys.exit(f"failed: {', '.join(map(str, failed))}" if failed else 0)


def has_passed(python: Path, notebook: Path, environ: dict[str, str]) -> bool:
    """Rehearse one notebook and say how it went; one that fails does not keep the others from being tried."""
    start = time.perf_counter()
    try:
        told = rehearse(python, notebook.resolve(), environ)
    except RuntimeError as error:
        print(error, file=sys.stderr, flush=True)
        return False
    print(f"{notebook.name}: {told} ({time.perf_counter() - start:.0f} s with installation)", flush=True)
    return True


if __name__ == "__main__":
    main()
