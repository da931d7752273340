"""Write a result with everything needed to make it again."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

RECORDS = Path(__file__).parents[1] / "src" / "helpers" / "records"


def commit() -> str:
    """The commit the code stood at; "+" says that files had been changed since."""
    sha = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(["git", "status", "--porcelain", "src"], capture_output=True, text=True).stdout
    return sha + ("+" if changed else "")


def rounded(value: Any) -> Any:
    """The same values with five significant digits: more would record the machine, not the model."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def merged(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """These values among those that the record `name` holds already, dict in dict, so that runs can add up."""
    path = RECORDS / f"{name}.json"
    return joined(json.loads(path.read_text())["values"] if path.is_file() else {}, values)


def joined(old: Any, new: Any) -> Any:
    """Both dicts as one; where both have a value, the new one."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {**old, **{key: joined(old.get(key), value) for key, value in new.items()}}


def record(name: str, values: dict[str, Any], seeds: list[int], began: float) -> None:
    """Save `values` as the record `name`; `began` is the time.time() at which the experiment started."""
    about = {
        "command": "python " + " ".join([f"experiments/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "commit": commit(),
        "date": time.strftime("%Y-%m-%d"),
        "device": f"cpu, {torch.get_num_threads()} threads",
        "torch": torch.__version__.split("+")[0],
        "seconds": round(time.time() - began, 1),
        "seeds": seeds,
    }
    path = RECORDS / f"{name}.json"
    path.write_text(json.dumps({**about, "values": rounded(values)}, indent=1) + "\n")
    print(f"recorded {path.name} in {about['seconds']} s")
