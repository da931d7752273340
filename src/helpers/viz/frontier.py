"""Two qualities that pull against each other: one curve for each way to trade, and the points that they are held to.

Convention: more is better upwards; the way along a curve is the order of its points, each with what it says of itself.
Only lines and markers are used: the small cartesian build of plotly.js draws them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from helpers.viz.arrays import as_array
from helpers.viz.interactive import base_layout
from helpers.viz.style import BLACK, COLORS, CYCLE

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x")
Curve = tuple[Sequence[float], Sequence[float], Sequence[str]]  # x, y, and what the pointer reads at each point


def frontier_figure(
    curves: Mapping[str, Curve],
    points: Mapping[str, Curve] | None = None,
    ideal: tuple[str, float, float] | None = None,
    title: str = "",
    x: str = "",
    y: str = "",
    height: int = 480,
) -> Any:
    """Curves with a name each, `points` of this run drawn over them without a line, and the ideal as a star."""
    import plotly.graph_objects as go

    names = list(curves)
    traces = [
        _trace(name, curve, CYCLE[i % len(CYCLE)], i, "lines+markers") for i, (name, curve) in enumerate(curves.items())
    ]
    for name, curve in (points or {}).items():
        i = names.index(name) if name in names else len(names)
        trace = _trace(name, curve, CYCLE[i % len(CYCLE)] if name in names else BLACK, i, "markers")
        trace["marker"] |= {"size": 14, "line": {"color": BLACK, "width": 2}}
        traces.append(trace | {"showlegend": name not in names, "legendgroup": name})
    if ideal is not None:
        star = _trace(ideal[0], ([ideal[1]], [ideal[2]], [ideal[0]]), COLORS["floor"], 0, "markers")
        star["marker"] |= {"symbol": "star", "size": 18}
        traces.append(star)
    figure = go.Figure(traces, base_layout(title, x, y, height))
    figure.update_layout(hovermode="closest", legend={"orientation": "h", "y": -0.22})
    return figure


def _trace(name: str, curve: Curve, color: str, i: int, mode: str) -> dict[str, Any]:
    """One curve with rounded numbers, so that the page stays small."""
    xs, ys, texts = curve
    if not len(xs) == len(ys) == len(texts):
        raise ValueError(f"{name!r} needs an x, a y and a text for each point, got {len(xs)}, {len(ys)}, {len(texts)}")
    return {
        "type": "scatter",
        "mode": mode,
        "name": name,
        "legendgroup": name,
        "x": as_array(xs).astype(float).round(3).tolist(),
        "y": as_array(ys).astype(float).round(3).tolist(),
        "text": list(texts),
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"color": color, "width": 2},
        "marker": {"color": color, "size": 8, "symbol": SYMBOLS[i % len(SYMBOLS)]},
    }
