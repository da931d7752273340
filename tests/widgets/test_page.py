"""A widget's HTML holds its whole state, and nothing in it is taken for a tag."""

import base64
import json
from html.parser import HTMLParser

from helpers import checkpoints
from helpers.widgets import SamplingExplorer
from helpers.widgets.page import STATE, VIEW, page_html, weights_script
from tests.widgets.javascript import run_module


class Scripts(HTMLParser):
    """The content of each script element by its type."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.kind = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.kind = dict(attrs)["type"]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found[self.kind] = json.loads(data)


def test_the_state_and_the_place_of_a_widget_stand_in_its_html():
    widget = SamplingExplorer(["<!--", "<script>", "</script>"], [1.0, 0.0, 0.0])
    page = page_html(widget)
    found = Scripts(page).found
    assert found[VIEW]["model_id"] == widget.model_id
    assert found[STATE]["state"][widget.model_id]["state"]["contexts"] == widget.contexts
    assert [page.lower().count(word) for word in ("<!--", "<script", "</script")] == [0, 2, 2]


def test_weights_in_a_script_are_those_of_the_file_and_leave_others_in_place():
    program = """
        globalThis.bookWeights = { before: "x" };
        (0, eval)(JSON.parse(process.argv[1]));
        console.log(JSON.stringify(globalThis.bookWeights));
    """
    data = checkpoints.pack(checkpoints.load("gpt-tales")[0])[:3000]
    assert run_module(program, weights_script('a "name"', data)) == {
        "before": "x",
        'a "name"': base64.b64encode(data).decode(),
    }
