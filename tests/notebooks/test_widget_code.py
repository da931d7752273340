"""A committed notebook shows its widgets with the code that the package has now."""

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from helpers.widgets.live_model import LiveModel
from helpers.widgets.page import STATE
from tools.widget_code import renew, renewed

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def saved_widgets(path: Path) -> dict[str, dict[str, Any]]:
    """The models of the package's own widgets in a notebook."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    models = notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})
    return {key: m for key, m in models.items() if m["state"].get("_anywidget_id", "").startswith("helpers.")}


def missing(model: dict[str, Any]) -> set[str]:
    """Synced traits of the widget's class that its saved state lacks; binary ones stand beside the state."""
    where, _, name = model["state"]["_anywidget_id"].rpartition(".")
    kept = model["state"].keys() | {buffer["path"][0] for buffer in model.get("buffers") or []}
    return getattr(import_module(where), name).class_traits(sync=True).keys() - kept


@cache
def shipped(name: str) -> dict[str, Any]:
    """What a widget holds of a shipped model now."""
    model = LiveModel(name)
    return {"digest": model.digest, "tokenizer": model.tokenizer}


@every_notebook
def test_saved_widgets_carry_the_code_of_the_package(path: Path):
    ours = saved_widgets(path)
    assert ours
    again = renew(json.loads(path.read_text(encoding="utf-8")))["metadata"]["widgets"][STATE]["state"]
    stale = [model["state"]["_anywidget_id"] for key, model in ours.items() if model != again[key]]
    assert stale == [], f"give them today's code: python -m tools.widget_code notebooks/{path.name}"


@every_notebook
def test_saved_widgets_have_every_trait_that_their_code_reads(path: Path):
    lacking = {model["state"]["_anywidget_id"]: missing(model) for model in saved_widgets(path).values()}
    lacking = {name: traits for name, traits in lacking.items() if traits}
    assert lacking == {}, f"run it again: make notebooks ONLY=notebooks/{path.name}"


@every_notebook
def test_saved_widgets_show_the_models_that_are_shipped(path: Path):
    live = [m["state"] for m in saved_widgets(path).values() if m["state"].get("checkpoint")]
    old = [s["_anywidget_id"] for s in live if s | shipped(s["checkpoint"]) != s]
    assert old == [], f"the weights changed; run it again: make notebooks ONLY=notebooks/{path.name}"


def test_words_of_the_class_are_renewed_and_others_stay():
    labels = {"own": "mine", "play": "Los"}
    new = renewed({"_anywidget_id": "helpers.widgets.writer.Writer", "labels": labels, "digest": "old"})
    assert new["labels"]["own"] == "mine"
    assert new["labels"]["play"] == "Write"
    assert new["digest"] == "old"
    assert renewed({"_anywidget_id": "others.Widget"}) == {"_anywidget_id": "others.Widget"}
