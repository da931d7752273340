"""Cross-attention as an alignment: which word of the source a translated word is read from, with the truth on top.

Rows are words of the translation, each with the weights at the moment when it is about to be written; a ring stands
where the truth says that the word can be read off.
"""

from collections.abc import Sequence
from typing import Any

from helpers.viz.arrays import as_array, require_tokens, visible
from helpers.viz.interactive import HEAT, base_layout, distinct, menu_above
from helpers.viz.style import COLORS

LABELS = {
    "target": "writes",
    "source": "looks at",
    "weight": "weight",
    "hover": "to write ‘%{y}’ it looks at ‘%{x}’: %{z:.2f}",
    "truth": "truth",
    "menu": "Sentence",
}

# A sentence's source words, target words, weights (target by source), and the true places of each target word.
Example = tuple[Sequence[str], Sequence[str], Any, Sequence[Sequence[int]]]


def alignment_figure(examples: Sequence[Example], title: str, height: int = 520) -> Any:
    """A heat map with a list of sentences; hover a cell to read a weight. Rings mark the truth."""
    import plotly.graph_objects as go

    drawn = [layers(*example) for example in examples]
    heat, rings = drawn[0]
    layout = base_layout(title, LABELS["source"], LABELS["target"], height)
    layout["xaxis"].update(type="category", tickangle=-60, showgrid=False)
    layout["yaxis"].update(type="category", autorange="reversed", showgrid=False)
    layout["margin"]["t"] = 96
    buttons = [
        {
            "label": f"{n + 1}: {visible(example[0][0])} … {visible(example[0][-2])}",
            "method": "restyle",
            "args": [{"x": [h["x"], r["x"]], "y": [h["y"], r["y"]], "z": [h["z"], None]}],
        }
        for n, (example, (h, r)) in enumerate(zip(examples, drawn, strict=True))
    ]
    menu = menu_above(buttons, LABELS["menu"], side="left")
    scale = {"title": {"text": LABELS["weight"]}, "thickness": 12}
    hover = LABELS["hover"] + "<extra></extra>"
    traces = [
        go.Heatmap(**heat, zmin=0, zmax=1, colorscale=HEAT, colorbar=scale, hovertemplate=hover),
        go.Scatter(
            **rings,
            mode="markers",
            name=LABELS["truth"],
            hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 15, "color": COLORS["score"], "line": {"width": 2.5}},
        ),
    ]
    return go.Figure(traces, {**layout, "updatemenus": [menu]})


def layers(source: Sequence[str], target: Sequence[str], weights: Any, truth: Sequence[Sequence[int]]) -> Any:
    """The heat map's and the rings' coordinates of one sentence."""
    weights = as_array(weights).astype(float).round(2)
    require_tokens(target, weights.shape[0], "the target (rows)")
    require_tokens(source, weights.shape[1], "the source (columns)")
    columns, rows = distinct([visible(word) for word in source]), distinct([visible(word) for word in target])
    places = [(row, column) for row, at in enumerate(truth) for column in at]
    rings = {"x": [columns[column] for _, column in places], "y": [rows[row] for row, _ in places]}
    return {"x": columns, "y": rows, "z": weights.tolist()}, rings
