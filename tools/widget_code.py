"""Give the widgets in saved notebooks the code that the package has now, without running the notebooks.

    python -m tools.widget_code notebooks/*.ipynb

A notebook keeps each widget's state, and with it the code and the words it was drawn with. When these change and the
state does not, running everything again would only cost time. Words that the class knows become today's, whoever wrote
them; others stay. What a widget shows (its model, its example) stays too: only running the notebook again renews it.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from helpers.widgets.page import STATE


def renewed(state: dict[str, Any]) -> dict[str, Any]:
    """A widget's state with its class's code, style and words; that of other packages as it is."""
    where, _, name = state.get("_anywidget_id", "").rpartition(".")
    if not where.startswith("helpers."):
        return state
    kind = getattr(import_module(where), name)
    labels = state.get("labels", {}) | kind.labels.make_dynamic_default()
    return state | {"_esm": kind._esm, "_css": kind._css, "labels": labels}


def renew(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with every widget's state renewed."""
    models = notebook.get("metadata", {}).get("widgets", {}).get(STATE, {}).get("state", {})
    for model in models.values():
        model["state"] = renewed(model["state"])
    return notebook


def main(paths: list[str]) -> None:
    """Rewrite the notebooks that are not up to date."""
    for path in map(Path, paths):
        before = path.read_text(encoding="utf-8")
        after = json.dumps(renew(json.loads(before)), indent=1, ensure_ascii=False) + "\n"
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"{path}: widgets renewed")


if __name__ == "__main__":
    main(sys.argv[1:])
