"""Run scripts one after another with a line before and after each; stop at the first that fails.

python -m tools.run_scripts experiments/a.py       # this one
python -m tools.run_scripts experiments            # those of the folder that are scripts, not modules
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # scripts may import tools
LEFT_OUT = {"checkpoints.py"}  # has a command of its own: make checkpoints


def scripts_in(place: Path) -> list[Path]:
    """The place itself, or the files of a folder that do something when run."""
    if not place.is_dir():
        return [place]
    files = sorted(path for path in place.glob("*.py") if path.name not in LEFT_OUT)
    return [path for path in files if '__name__ == "__main__"' in path.read_text(encoding="utf-8")]


def main(places: list[str]) -> int:
    """The exit status of the first script that failed, else 0."""
    scripts = [script for place in places for script in scripts_in(Path(place))]
    if not scripts:
        print("There is nothing to run here yet.")
    for number, script in enumerate(scripts, start=1):
        print(f"[{number}/{len(scripts)}] {script}", flush=True)
        start = time.perf_counter()
        status = subprocess.run([sys.executable, script], env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode
        if status:
            print(f"{script} failed with exit status {status}", file=sys.stderr)
            return status
        print(f"[{number}/{len(scripts)}] done in {time.perf_counter() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
