"""Run notebooks again in place, outputs and widget state included, and show how far they are.

    python -m tools.execute_notebooks notebooks/03_gpt.ipynb

Cells that mirror the library are brought up to date first. What differs between two machines for no reason of the
book's is left out: times of cells, the name of the kernel.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from tqdm import tqdm

from tools import mirrored_cells

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def tidy(notebook: NotebookNode) -> None:
    """Drop what every run and every machine would write differently."""
    notebook.metadata.kernelspec = dict(KERNEL)
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        cell.metadata.pop("trusted", None)
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("execution", None)


def execute(path: Path, timeout_s: int = 600) -> None:
    """Run one notebook in its own folder and write it back; an error in a cell leaves the file as it was."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=timeout_s,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    with tqdm(total=len(notebook.cells), desc=path.name, unit="cell") as bar:
        client.on_cell_complete = lambda cell, cell_index: bar.update(cell_index + 1 - bar.n)
        client.execute()
        bar.update(bar.total - bar.n)
    tidy(notebook)
    nbformat.write(notebook, path)


def main(paths: list[str]) -> None:
    """Run the notebooks named, in order."""
    os.environ["HELPERS_PROGRESS"] = "off"  # no bar is left in an output
    for path in map(Path, paths):
        start = time.perf_counter()
        for name in mirrored_cells.rewrite(path):
            print(f"{path}: {name} brought up to date with the library")
        execute(path)
        size_kb = path.stat().st_size / 1000
        print(f"{path}: {time.perf_counter() - start:.0f} s, {size_kb:.0f} KB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
