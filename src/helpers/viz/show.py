"""Every picture speaks: nothing is shown without a text that says what there is to see.

Matplotlib figures are shown as SVG, which stays sharp on every screen; the alternative text travels in the
output's metadata (the book reads it there) and in the picture itself. Plotly figures are shown twice in one
output: as data for notebook hosts that draw plotly, and as a small piece of HTML that the book's page draws.
"""

import html
import io
import json
import re
import warnings
from typing import Any

from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.viz.host import is_colab
from helpers.viz.script_data import escaped
from helpers.viz.style import style

MIN_ALT = 20  # characters: shorter ones ("loss curve") name the picture but do not say what it shows


def show(figure: Any, alt: str) -> None:
    """Display a matplotlib Axes or Figure, or a plotly figure, with `alt` for readers who cannot see it."""
    require_alt(alt)
    if hasattr(figure, "to_plotly_json"):
        show_plotly(figure, alt)
    else:
        show_matplotlib(figure.figure if isinstance(figure, Axes) else figure, alt)


def require_alt(alt: str) -> None:
    """Raise unless `alt` is long enough to say what there is to see."""
    if len(alt.strip()) < MIN_ALT:
        raise ValueError(
            "alt must say what a reader would see, in a sentence such as "
            f'"The loss falls from 6.2 to 1.9 nats and flattens above the floor"; got {alt!r}'
        )


def show_matplotlib(figure: Any, alt: str) -> None:
    """Display a matplotlib figure as SVG."""
    svg = to_svg(figure, alt)
    if hasattr(figure, "number"):  # made by pyplot, which would show it a second time after the cell
        from matplotlib import pyplot

        pyplot.close(figure)
    display(
        {"image/svg+xml": svg, "text/plain": alt},
        metadata={"image/svg+xml": {"alt": alt}},
        raw=True,
    )


def to_svg(figure: Figure, alt: str) -> str:
    """The figure as SVG text: the same bytes on every run, `alt` as its accessible name."""
    buffer = io.StringIO()
    with style(), warnings.catch_warnings():
        # Matplotlib's own font lacks Chinese; the text stays text in the SVG, and the browser's fonts have it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    svg = re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), flags=re.S)
    name = html.escape(alt, quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1)


def show_plotly(figure: Any, alt: str) -> None:
    """Display a plotly figure: by its own mimetype in notebooks, from the page's own script in the book."""
    if is_colab():
        figure.show(renderer="colab")
        return
    data = json.loads(figure.to_json())
    display(
        {
            # Not responsive: JupyterLab fits the width itself, and a responsive figure loses its height there.
            "application/vnd.plotly.v1+json": {**data, "config": {"displaylogo": False}},
            "text/html": plotly_html(data, alt),
            "text/plain": alt,
        },
        raw=True,
    )


def plotly_html(data: dict, alt: str) -> str:
    """HTML that book.js turns into the living figure; it needs no network."""
    height = data.get("layout", {}).get("height") or 450
    layout = {key: value for key, value in data.get("layout", {}).items() if key != "template"}
    payload = json.dumps({"data": data["data"], "layout": layout}, separators=(",", ":"), ensure_ascii=False)
    return (
        f'<div class="book-plotly" role="group" aria-label="{html.escape(alt, quote=True)}" '
        f'style="min-height:{height}px"><script type="application/json">{escaped(payload)}'
        "</script></div>"
    )
