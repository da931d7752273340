"""A committed notebook shows its widgets with the code that the package has now."""

import json
from pathlib import Path

import pytest

from tools.widget_code import STATE, renew

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_saved_widgets_carry_the_code_of_the_package(path: Path):
    saved = path.read_text(encoding="utf-8")
    models = json.loads(saved)["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})
    ours = [m for m in models.values() if m["state"].get("_anywidget_id", "").startswith("helpers.")]
    assert ours
    stale = [m["state"]["_anywidget_id"] for m in ours if json.dumps(m, sort_keys=True) not in renewed_models(saved)]
    assert stale == [], f"give them today's code: python -m tools.widget_code notebooks/{path.name}"


def renewed_models(saved: str) -> set[str]:
    """Each model of the notebook as it would be with today's code."""
    models = renew(json.loads(saved))["metadata"]["widgets"][STATE]["state"]
    return {json.dumps(model, sort_keys=True) for model in models.values()}
