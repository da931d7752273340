"""Figures to turn over: plotly figures whose whole answer is already inside, so they work without a kernel.

Only heat maps, lines and a drop-down list are used: the small cartesian build of plotly.js draws them all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Num

from helpers.viz.arrays import as_array, require_tokens, visible
from helpers.viz.style import BLACK, COLORS, GREY, PALE, WEIGHT_COLORS

LABELS = {
    "choice": "layer {layer}, head {head}",
    "menu": "Attention map",
    "query": "looks from",
    "key": "looks at",
    "weight": "weight",
    "hover": "‘%{y}’ looks at ‘%{x}’: %{z:.2f}",
    "step": "training step",
    "loss": "loss (nats per token)",
    "run": "this run",
    "recorded": "recorded seeds",
}

HEAT = [[i / (len(WEIGHT_COLORS) - 1), color] for i, color in enumerate(WEIGHT_COLORS)]


def attention_explorer_figure(weights: Num[Any, "L H T S"], tokens: Sequence[str], height: int = 520) -> Any:
    """A heat map with a list of all layers and heads; hover a cell to read who looks at whom, and how much."""
    import plotly.graph_objects as go

    weights = as_array(weights).astype(float).round(3)
    require_tokens(tokens, weights.shape[2], "the queries (rows)")
    names = distinct([visible(token) for token in tokens])
    choices = [(layer, head) for layer in range(weights.shape[0]) for head in range(weights.shape[1])]
    buttons = [choice_button(weights, layer, head) for layer, head in choices]
    first = buttons[0]["args"]
    heat = go.Heatmap(
        z=first[0]["z"][0],
        x=names[: weights.shape[3]],
        y=names,
        zmin=0,
        zmax=1,
        colorscale=HEAT,
        colorbar={"title": {"text": LABELS["weight"]}, "thickness": 12},
        hovertemplate=LABELS["hover"] + "<extra></extra>",
    )
    layout = base_layout(first[1]["title.text"], LABELS["key"], LABELS["query"], height)
    layout["xaxis"].update(type="category", tickangle=-60, showgrid=False)
    layout["yaxis"].update(type="category", autorange="reversed", showgrid=False)
    return go.Figure([heat], {**layout, "updatemenus": [menu_above(buttons, LABELS["menu"])]})


def menu_above(buttons: list[dict], name: str, side: str = "right", active: int = 0) -> dict:
    """A list of choices over a corner of the figure, with the name that it has for those who do not see it."""
    corner = {"x": float(side == "right"), "xanchor": side, "y": 1.02, "yanchor": "bottom"}
    return {"buttons": buttons, "name": name, "active": active, **corner}


def choice_button(weights: Any, layer: int, head: int) -> dict:
    """The list's entry that draws one head's map."""
    name = LABELS["choice"].format(layer=layer, head=head)
    title = name[0].upper() + name[1:]
    return {"label": name, "method": "update", "args": [{"z": [weights[layer, head].tolist()]}, {"title.text": title}]}


def distinct(names: list[str]) -> list[str]:
    """Names that differ from each other: a repeated token gets zero-width spaces, which nobody sees.

    Plotly would otherwise draw two places with the same token on top of each other.
    """
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        result.append(name + "\u200b" * seen[name])
        seen[name] += 1
    return result


def loss_figure(
    steps: Num[Any, "n"] | Sequence[float],
    loss: Num[Any, "n"] | Sequence[float],
    levels: Mapping[str, float],
    band: tuple | None = None,
    title: str = "",
    height: int = 420,
) -> Any:
    """The loss curve of `plot_loss`, with the numbers under the pointer. `band` is (steps, low, high)."""
    import plotly.graph_objects as go

    traces = band_traces(band) if band is not None else []
    traces.append(line(steps, loss, LABELS["run"], COLORS["run"]))
    end = max(as_array(steps).max(), *([as_array(band[0]).max()] if band is not None else []), 1)
    for name, value in levels.items():
        color = COLORS.get(name, GREY)
        traces.append(line([0, end], [value, value], f"{name} {value:.2f}", color, dash="dash"))
    figure = go.Figure(traces, base_layout(title, LABELS["step"], LABELS["loss"], height))
    figure.update_layout(hovermode="x unified", legend={"orientation": "h", "y": -0.25})
    return figure


def line(x: Any, y: Any, name: str, color: str, dash: str = "solid") -> dict:
    """A line trace with rounded numbers, so that the page stays small."""
    points = {"x": as_array(x).tolist(), "y": as_array(y).astype(float).round(4).tolist()}
    style = {"color": color, "width": 2, "dash": dash}
    return {"type": "scatter", "mode": "lines", "name": name, "line": style, **points}


def band_traces(band: tuple) -> list[dict]:
    """Low edge and high edge of the recorded seeds, filled between."""
    steps, low, high = band
    edge = {"hoverinfo": "skip", "showlegend": False}
    lower = line(steps, low, "", "rgba(0,0,0,0)") | edge
    upper = line(steps, high, LABELS["recorded"], "rgba(0,0,0,0)") | {"hoverinfo": "skip"}
    return [lower, upper | {"fill": "tonexty", "fillcolor": "rgba(86,180,233,0.35)"}]


def base_layout(title: str, x: str, y: str, height: int) -> dict:
    """White paper and dark ink for notebooks; the book's script recolours both on a dark page."""
    axis = {"gridcolor": PALE, "zeroline": False, "linecolor": GREY, "automargin": True}
    return {
        "template": {},
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": 15}},
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": BLACK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "height": height,
        "margin": {"l": 10, "r": 10, "t": 48, "b": 10},
        "xaxis": {**axis, "title": {"text": x, "standoff": 12}},
        "yaxis": {**axis, "title": {"text": y, "standoff": 12}},
    }
