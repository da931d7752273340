"""A widget on a page that is prose, where no notebook has made one.

    ```{widget} Writer
    prompt: Once upon a time
    ```

The name is that of a class of helpers.widgets, or of a function of it that makes one (LossExplorer.from_record); the
lines, in YAML, are what it is given.
"""

from typing import ClassVar

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Widget(SphinxDirective):
    """Makes the widget while the book is built and puts its state into the page."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {}

    def run(self) -> list[nodes.Node]:
        """The page's HTML for the widget."""
        from helpers import widgets  # loads PyTorch, so only for pages that have a widget
        from helpers.widgets.page import page_html

        kind, _, way = self.arguments[0].partition(".")
        if kind not in widgets.__all__:
            raise self.error(f"a widget must be one of {', '.join(widgets.__all__)}, got {kind!r}")
        make = getattr(widgets, kind) if not way else getattr(getattr(widgets, kind), way)
        settings = yaml.safe_load("\n".join(self.content)) or {}
        return [nodes.raw("", page_html(make(**settings)), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("widget", Widget)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
