"""Put the book's own style sheets and scripts on every page, and keep each script there once.

Every .css and .js file directly in book/_static is used, scripts deferred and in alphabetical order. Libraries lie
in /vendor and are loaded by the scripts that need them; `document.currentScript.src` says where that is.
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

STATIC = Path(__file__).resolve().parents[1] / "_static"


def add_book_files(app: Sphinx) -> None:
    """The book's own files and the icon fonts, after those of the theme."""
    app.add_css_file("../vendor/icons/icons.css", priority=900)
    for path in sorted(STATIC.glob("*.css")):
        app.add_css_file(path.name, priority=910)
    for path in sorted(STATIC.glob("*.js")):
        app.add_js_file(path.name, priority=910, loading_method="defer")


def drop_doubled_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Sphinx 7 writes inline scripts twice, which breaks those that declare a constant (THEBE_JS_URL)."""
    seen, kept = set(), []
    for script in context.get("script_files", []):
        body = getattr(script, "attributes", {}).get("body")
        if body is None or body not in seen:
            kept.append(script)
        seen.add(body)
    context["script_files"] = kept


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both steps."""
    app.config.html_static_path.append("book/_static")
    app.config.templates_path.append("book/_templates")
    app.connect("builder-inited", add_book_files)
    app.connect("html-page-context", drop_doubled_scripts, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
