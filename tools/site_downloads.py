"""Put what can be taken away beside the built pages: the package as a wheel, all notebooks as one archive.

    python -m tools.site_downloads _build/html

Both are made from this tree, so a fork that stamped its tree hands out its own notebooks. The wheel is what `%pip
install` would build from the repository; with it, a machine needs no git.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ARCHIVE = "notebooks.zip"
README = "notebooks/README.txt"
HOW = """From GPT to LLaMA: all notebooks

Unpack, then:

    pip install jupyterlab from_gpt_to_llama-*.whl
    jupyter lab

The wheel lies beside this archive on the book's page of downloads. Everything else the notebooks need is in it.
"""
DAY = (2026, 1, 1, 0, 0, 0)  # the same bytes for the same notebooks


def write_wheel(folder: Path, root: Path = ROOT) -> Path:
    """The package of this tree as a wheel in a folder.

    Raises:
        RuntimeError: pip could not build it; the message is pip's.
    """
    for old in folder.glob("*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    # A copy is built, since setuptools writes a folder build/ into the tree and would take old files from it.
    copy = folder / "tree"
    shutil.copytree(root / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, copy)
    answer = subprocess.run([*command, "--wheel-dir", str(folder), str(copy)], capture_output=True, text=True)
    shutil.rmtree(copy)
    if answer.returncode:
        raise RuntimeError(f"the wheel could not be built from {root}: {answer.stderr.strip()[-2000:]}")
    return next(folder.glob("*.whl"))


def write_archive(folder: Path, root: Path = ROOT) -> Path:
    """All notebooks of this tree in one zip file."""
    path = folder / ARCHIVE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(README, DAY), HOW)
        for notebook in sorted((root / "notebooks").glob("*.ipynb")):
            entry = zipfile.ZipInfo(f"notebooks/{notebook.name}", DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, notebook.read_bytes())
    return path


def main(site: Path) -> None:
    """Write both into the folder `downloads` of a built site, and say how large they are."""
    folder = site / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    for path in (write_wheel(folder), write_archive(folder)):
        print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
