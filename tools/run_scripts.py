"""Run scripts one after another with a line before and after each; stop at the first that fails.

python -m tools.run_scripts experiments/a.py experiments/b.py
"""

import subprocess
import sys
import time


def main(scripts: list[str]) -> int:
    """The exit status of the first script that failed, else 0."""
    if not scripts:
        print("There is nothing to run here yet.")
    for number, script in enumerate(scripts, start=1):
        print(f"[{number}/{len(scripts)}] {script}", flush=True)
        start = time.perf_counter()
        status = subprocess.run([sys.executable, script]).returncode
        if status:
            print(f"{script} failed with exit status {status}", file=sys.stderr)
            return status
        print(f"[{number}/{len(scripts)}] done in {time.perf_counter() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
