"""How attention by tiles walks over the table of scores: what is used, what is computed in vain, what is skipped."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float

from helpers.viz.arrays import as_array
from helpers.viz.interactive import base_layout
from helpers.viz.style import COLORS, PALE

LABELS = {
    "query": "query",
    "key": "key",
    "slider": "tile size: ",
    "title": "Tiles of {tile}: {wasted:.0%} computed in vain",
    "hover": "query %{y}, key %{x}",
}
HALF = "#9ecae9"  # computed, then hidden by the mask


def tiles_figure(boards: Mapping[int, Float[Any, "T S"]], wasted: Mapping[int, float], height: int = 520) -> Any:
    """A board of scores with a slider for the tile size: 1 is used, 0 skipped, what lies between computed in vain.

    Both mappings have the tile sizes as keys; `wasted` is the share of computed scores that the mask hides.
    """
    import plotly.graph_objects as go

    titles = [LABELS["title"].format(tile=tile, wasted=wasted[tile]) for tile in boards]
    tables = [as_array(board).astype(float).round(2).tolist() for board in boards.values()]
    first = len(tables) // 2
    heat = go.Heatmap(
        z=tables[first],
        zmin=0,
        zmax=1,
        colorscale=[[0, PALE], [0.5, HALF], [1, COLORS["scores"]]],
        showscale=False,
        hovertemplate=LABELS["hover"] + "<extra></extra>",
    )
    layout = base_layout(titles[first], LABELS["key"], LABELS["query"], height)
    layout["xaxis"].update(showgrid=False, constrain="domain")
    layout["yaxis"].update(showgrid=False, autorange="reversed", scaleanchor="x", constrain="domain")
    steps = [
        {"label": str(tile), "method": "update", "args": [{"z": [table]}, {"title.text": title}]}
        for tile, table, title in zip(boards, tables, titles, strict=True)
    ]
    slider = {
        "active": first, "steps": steps, "currentvalue": {"prefix": LABELS["slider"]}, "pad": {"t": 60, "b": 10},
        "len": 0.96, "x": 0.02,
    }  # fmt: skip
    return go.Figure([heat], {**layout, "sliders": [slider]})
