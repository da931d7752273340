"""Scaling, drawn: the distance to the floor over tokens for every size, and sizes of equal compute against each other.

Source: Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", arXiv:2203.15556, figures 2 and 3.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes

from helpers.viz.arrays import as_array
from helpers.viz.interactive import base_layout, line
from helpers.viz.style import BLUE, COLORS, VERMILLION, new_axes, style

LABELS = {
    "size": "{n:,} parameters",
    "tokens": "training tokens",
    "gap": "nats a token above the floor",
    "live": "this run",
    "parameters": "parameters",
    "loss": "loss (nats a token)",
    "compute": "{c} operations",
    "slider": "compute: ",
    "measured": "equal compute",
    "parabola": "parabola through it",
    "floor": "floor {value:.2f}",
    "hover": "%{x:,} parameters: %{y:.3f}<extra></extra>",
}

FAINT = "rgba(110,118,129,0.3)"  # as faint on a dark page as on a white one

Curve = tuple[Sequence[float], Sequence[float]]


@style()
def plot_scaling(
    runs: Mapping[int, Curve], floor: float, live: Mapping[int, tuple[float, float]] | None = None
) -> Axes:
    """For each number of parameters the loss above the floor over tokens, both logarithmic; `live` are own points."""
    ax = new_axes(height=4.2)
    colors = colormaps["viridis"]
    order = sorted(runs)
    for i, n in enumerate(order):
        tokens, losses = runs[n]
        color = colors(0.9 * i / max(1, len(order) - 1))
        ax.plot(tokens, as_array(losses) - floor, marker="o", ms=4, color=color, label=LABELS["size"].format(n=n))
        if live and n in live:
            x, y = live[n]
            ax.plot(x, y - floor, "*", ms=15, color=color, mec="black")
    if live:
        ax.plot([], [], "*", ms=12, color="white", mec="black", label=LABELS["live"])
    ax.set(xscale="log", yscale="log", xlabel=LABELS["tokens"], ylabel=LABELS["gap"])
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    return ax


def isoflop_figure(curves: Mapping[str, Curve], parabolas: Mapping[str, Curve], floor: float, title: str = "") -> Any:
    """Loss over size at equal compute, with a slider over the computes; point at a dot to read it.

    Both mappings have the same keys, the computes as words; the chosen one is coloured, the others stay pale.
    """
    import plotly.graph_objects as go

    names = list(curves)
    traces = []
    for name in names:
        traces.append(line(*parabolas[name], LABELS["parabola"], FAINT) | {"hoverinfo": "skip", "showlegend": False})
        dots = line(*curves[name], LABELS["measured"], FAINT) | {"mode": "markers", "hovertemplate": LABELS["hover"]}
        traces.append(dots | {"marker": {"size": 9, "color": FAINT}, "showlegend": False})
    low, high = (f(x for xs, _ in curves.values() for x in xs) for f in (min, max))
    label = LABELS["floor"].format(value=floor)
    traces.append(line([low, high], [floor, floor], label, COLORS["floor"], dash="dash"))
    steps = [{"label": name, "method": "restyle", "args": [chosen(i, len(names))]} for i, name in enumerate(names)]
    first = len(names) // 2
    for key, values in chosen(first, len(names)).items():
        part, color = key.split(".")
        for trace, value in zip(traces, values, strict=True):
            trace.setdefault(part, {})[color] = value
    layout = base_layout(title, LABELS["parameters"], LABELS["loss"], 480)
    layout["xaxis"].update(type="log", dtick="D2")
    slider = {
        "active": first, "steps": steps, "currentvalue": {"prefix": LABELS["slider"]}, "pad": {"t": 70, "b": 10},
        "len": 0.96, "x": 0.02,
    }  # fmt: skip
    return go.Figure(traces, {**layout, "sliders": [slider], "legend": {"x": 1, "xanchor": "right", "y": 1}})


def chosen(i: int, n: int) -> dict[str, list[str]]:
    """The colours that bring the parabola and the dots of compute number `i` to the front."""
    lines = [color for j in range(n) for color in ((VERMILLION, FAINT) if i == j else (FAINT, FAINT))]
    dots = [color for j in range(n) for color in ((FAINT, BLUE) if i == j else (FAINT, FAINT))]
    return {"line.color": [*lines, COLORS["floor"]], "marker.color": [*dots, COLORS["floor"]]}
