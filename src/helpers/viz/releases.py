"""A history as points: when each model came, and how large it is, on an axis that the reader chooses."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from helpers.viz.interactive import base_layout, menu_above
from helpers.viz.style import BLUE, GREEN, GREY, VERMILLION

LABELS = {"date": "announced", "menu": "Vertical axis", "hover": "{name}<br>{date}<br>{facts}", "unknown": "not stated"}
COLORS = {"encoder": VERMILLION, "encoder-decoder": GREEN, "decoder": BLUE}
SYMBOLS = {"encoder": "square", "encoder-decoder": "diamond", "decoder": "circle"}


def release_figure(
    names: Sequence[str],
    dates: Sequence[date],
    kinds: Sequence[str],
    axes: Mapping[str, Sequence[float | None]],
    limits: Mapping[str, Sequence[float]] | None = None,
    height: int = 480,
) -> Any:
    """Models over their dates, on a logarithmic axis chosen from a list; point at one to read its numbers.

    `axes` maps a title to one number per model, None where it is not known: such a model is missing from that axis.
    `limits` maps a title to heights at which dashed lines are drawn.
    """
    import plotly.graph_objects as go

    for title, values in axes.items():
        if len(values) != len(names):
            raise ValueError(f"each model needs one number or None, got {len(names)} models and {len(values)} {title}")
    facts = [hover(i, names, dates, axes) for i in range(len(names))]
    members = {kind: [i for i, k in enumerate(kinds) if k == kind] for kind in dict.fromkeys(kinds)}
    first = next(iter(axes))
    traces = [
        {
            "type": "scatter", "mode": "markers", "name": kind, "hoverinfo": "text",
            "x": [dates[i].isoformat() for i in rows], "y": [axes[first][i] for i in rows],
            "text": [facts[i] for i in rows],
            "marker": {"size": 12, "color": COLORS.get(kind, GREY), "symbol": SYMBOLS.get(kind, "circle")},
        }
        for kind, rows in members.items()
    ]  # fmt: skip
    buttons = [
        {
            "label": title,
            "method": "update",
            "args": [
                {"y": [[values[i] for i in rows] for rows in members.values()]},
                {"yaxis.title.text": title, "shapes": lines((limits or {}).get(title, ()))},
            ],
        }
        for title, values in axes.items()
    ]
    layout = base_layout("", LABELS["date"], first, height)
    layout["yaxis"].update(type="log", exponentformat="power", dtick=1)
    layout["xaxis"].update(type="date")
    menu = menu_above(buttons, LABELS["menu"])
    extra = {"updatemenus": [menu], "shapes": lines((limits or {}).get(first, ())), "hovermode": "closest"}
    return go.Figure(traces, {**layout, **extra, "legend": {"orientation": "h", "y": -0.2}})


def hover(i: int, names: Sequence[str], dates: Sequence[date], axes: Mapping[str, Sequence[float | None]]) -> str:
    """What is read at a point: name, date, and a line per axis."""
    numbers = {title: values[i] for title, values in axes.items()}
    said = [
        f"{title}: {LABELS['unknown'] if n is None else f'{n:,.4g}' if n < 1e6 else f'{n:,.0f}'}"
        for title, n in numbers.items()
    ]
    return LABELS["hover"].format(name=names[i], date=dates[i].isoformat(), facts="<br>".join(said))


def lines(heights: Sequence[float]) -> list[dict]:
    """Dashed lines across the whole figure."""
    look = {"color": GREY, "width": 1, "dash": "dash"}
    return [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": h, "y1": h, "line": look} for h in heights]
