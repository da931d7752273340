"""A widget as HTML: its state as JSON and a mark where it goes, as in a saved notebook. The book's script draws it."""

import json
from typing import Any

from ipywidgets.embed import dependency_state, embed_data

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def page_html(widget: Any) -> str:
    """HTML that shows this widget in a page of the book."""
    data = embed_data(views=[widget], drop_defaults=False, state=dependency_state([widget], drop_defaults=False))
    view = data["view_specs"][0]
    return script(STATE, data["manager_state"]) + script(VIEW, view)


def script(kind: str, content: Any) -> str:
    """Data in a page; `</` would end the element."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="{kind}">{text}</script>\n'
