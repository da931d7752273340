"""Results of the longer experiments, recorded with their seeds, so that a notebook can draw its own run over them."""

import json
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """One recorded result: its `values`, and how they came about: `command`, `seeds`, `commit`, `device`, `seconds`."""
    path = files(__package__) / f"{name}.json"
    if not path.is_file():
        raise FileNotFoundError(f"no record is called {name!r}; there are: {', '.join(names())}")
    return json.loads(path.read_text())


def names() -> list[str]:
    """The records that exist."""
    return sorted(p.name.removesuffix(".json") for p in files(__package__).iterdir() if p.name.endswith(".json"))
