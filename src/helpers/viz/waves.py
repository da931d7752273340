"""The vectors of sinusoidal positions as a picture: a row per place, a column per coordinate."""

from typing import Any

from jaxtyping import Float

from helpers.viz.arrays import as_array
from helpers.viz.interactive import base_layout
from helpers.viz.style import BLUE, VERMILLION

LABELS = {
    "place": "position",
    "coordinate": "coordinate",
    "value": "value",
    "hover": "position %{y}, coordinate %{x}: %{z:.2f}",
}


def wave_figure(waves: Float[Any, "T D"], title: str, height: int = 440) -> Any:
    """A heat map from −1 to 1; hover a cell to read it."""
    import plotly.graph_objects as go

    heat = go.Heatmap(
        z=as_array(waves).astype(float).round(2).tolist(),
        zmin=-1,
        zmax=1,
        colorscale=[[0, VERMILLION], [0.5, "#ffffff"], [1, BLUE]],
        colorbar={"title": {"text": LABELS["value"]}, "thickness": 12},
        hovertemplate=LABELS["hover"] + "<extra></extra>",
    )
    layout = base_layout(title, LABELS["coordinate"], LABELS["place"], height)
    layout["yaxis"].update(autorange="reversed")
    return go.Figure([heat], layout)
