"""What positions add to scores, as heat maps with a list: each entry draws the same queries and keys another way.

Convention: red is less, white is 0, blue is more; each map has its own scale, written beside it. Keys after the query
are left white: a decoder does not see them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Num

from helpers.viz.arrays import as_array
from helpers.viz.interactive import base_layout, menu_above
from helpers.viz.style import BLUE, VERMILLION

LABELS = {
    "query": "query at",
    "key": "key at",
    "score": "score",
    "hover": "query at %{y}, key at %{x}: %{z:.3g}",
}


def score_maps_figure(
    maps: Mapping[str, Num[Any, "T S"]], *, menu: str, titles: Mapping[str, str] | None = None, height: int = 460
) -> Any:
    """A figure whose list named `menu` picks one of `maps`; `titles` are the findings to print above each."""
    import plotly.graph_objects as go

    rows = {name: _visible(scores) for name, scores in maps.items()}
    sizes = {name: max((abs(x) for row in z for x in row if x is not None), default=0) or 1 for name, z in rows.items()}
    title = {name: (titles or {}).get(name, name) for name in maps}
    first = next(iter(maps))
    heat = go.Heatmap(
        z=rows[first],
        zmin=-sizes[first],
        zmax=sizes[first],
        colorscale=[[0, VERMILLION], [0.5, "#ffffff"], [1, BLUE]],
        colorbar={"title": {"text": LABELS["score"]}, "thickness": 12},
        hovertemplate=LABELS["hover"] + "<extra></extra>",
    )
    layout = base_layout(title[first], LABELS["key"], LABELS["query"], height)
    layout["yaxis"].update(autorange="reversed")
    buttons = [
        {
            "label": name,
            "method": "update",
            "args": [{"z": [rows[name]], "zmin": [-sizes[name]], "zmax": [sizes[name]]}, {"title.text": title[name]}],
        }
        for name in maps
    ]
    return go.Figure([heat], {**layout, "updatemenus": [menu_above(buttons, menu)]})


def _visible(scores: Num[Any, "T S"]) -> list[list[float | None]]:
    """The scores with three digits, so that the page stays small; nothing where the key comes after the query."""
    values = as_array(scores).astype(float)
    return [
        [float(f"{x:.3g}") if j <= i + values.shape[1] - values.shape[0] else None for j, x in enumerate(row)]
        for i, row in enumerate(np.asarray(values))
    ]
