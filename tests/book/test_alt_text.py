"""An image output reaches the page with its alt text, and without one there is no book."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALT = 'The loss falls from 6 to 2 nats, "and stays"'
SVG = {"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9"/></svg>'}
PNG = {"image/png": base64.b64encode(b"not really a picture").decode()}
OUTPUTS = [  # data, metadata, and whether that is in order
    ({**SVG, "text/plain": ALT}, {"image/svg+xml": {"alt": ALT}}, True),
    ({**PNG, "text/plain": ALT}, {"image/png": {"alt": ALT}}, True),
    ({"text/plain": "no picture"}, {}, True),
    (SVG, {}, False),
    (SVG, {"image/svg+xml": {"alt": "  "}}, False),
    (SVG, {"image/png": {"alt": ALT}}, False),
]


def notebook() -> dict:
    """One cell per output."""
    cells: list[dict] = [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# A page"}]
    for number, (data, metadata, _) in enumerate(OUTPUTS):
        output = {"output_type": "display_data", "data": data, "metadata": metadata}
        cell = {"cell_type": "code", "id": f"cell{number}", "metadata": {}, "source": "show()", "execution_count": 1}
        cells.append({**cell, "outputs": [output]})
    language = {"language_info": {"name": "python", "pygments_lexer": "python"}}
    return {"cells": cells, "metadata": language, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], str]:
    """The outcome of building a one-page book by plain Sphinx with the book's extension, and the page."""
    folder = tmp_path_factory.mktemp("alt")
    (folder / "index.ipynb").write_text(json.dumps(notebook()), encoding="utf-8")
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "extensions = ['myst_nb', 'book._ext.alt_text']\nnb_execution_mode = 'off'\n"
    )
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(folder), str(folder / "html")]
    answer = subprocess.run(command, capture_output=True, text=True)
    return answer, (folder / "html/index.html").read_text(encoding="utf-8")


def test_the_alt_text_of_an_output_becomes_that_of_the_image(built):
    assert built[1].count('alt="The loss falls from 6 to 2 nats, &quot;and stays&quot;"') == 2


def test_an_image_without_its_text_fails_the_build(built):
    answer = built[0]
    assert answer.returncode != 0
    assert "display it with helpers.viz.show" in answer.stderr


def test_exactly_the_images_without_text_are_named(built):
    named = {int(number) - 1 for number in re.findall(r"of cell (\d+) has no alt text", built[0].stderr)}
    assert named == {number for number, (_, _, in_order) in enumerate(OUTPUTS) if not in_order}
    assert built[0].stderr.count("WARNING") == len(named)
