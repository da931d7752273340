"""A widget as HTML: its state as JSON and a mark where it goes, as in a saved notebook. The book's script draws it."""

import base64
import json
from typing import Any

from ipywidgets.embed import dependency_state, embed_data

from helpers.viz.script_data import escaped

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def page_html(widget: Any) -> str:
    """HTML that shows this widget in a page of the book."""
    data = embed_data(views=[widget], drop_defaults=False, state=dependency_state([widget], drop_defaults=False))
    view = data["view_specs"][0]
    return script(STATE, data["manager_state"]) + script(VIEW, view)


def script(kind: str, content: Any) -> str:
    """Data in a page."""
    return f'<script type="{kind}">{script_json(content)}</script>\n'


def script_json(content: Any) -> str:
    """Data as JSON that may stand in a script element."""
    return escaped(json.dumps(content, separators=(",", ":"), ensure_ascii=False))


def weights_script(name: str, weights: bytes) -> str:
    """JavaScript that puts the weights of a shipped model where static/live_model.js finds them."""
    return f'(globalThis.bookWeights ??= {{}})[{json.dumps(name)}] = "{base64.b64encode(weights).decode()}";\n'
