"""Attention as a map: row = the token that looks, column = the token it looks at, darkness = weight.

Rows sum to one. All maps of one figure share the scale from 0 to 1, so that maps can be compared.
"""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Num
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.viz.arrays import as_array, require_tokens, visible
from helpers.viz.style import COLUMN_INCHES, WEIGHTS, new_axes, style

LABELS = {
    "query": "looks from",
    "key": "looks at",
    "weight": "attention weight",
    "layer": "layer {layer}",
    "head": "head {head}",
}


@style()
def plot_attention(
    weights: Num[Any, "T S"],
    tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One head's map. `key_tokens` names the columns where they are not the same tokens as the rows."""
    weights, keys = as_array(weights), tokens if key_tokens is None else key_tokens
    require_tokens(tokens, weights.shape[0], "the queries (rows)")
    require_tokens(keys, weights.shape[1], "the keys (columns)")
    ax = ax or new_axes(width=5.6, height=4.8)
    image = draw_map(ax, weights)
    name_axes(ax, tokens, keys)
    ax.figure.colorbar(image, ax=ax, label=LABELS["weight"], shrink=0.8)
    return ax


@style()
def plot_attention_grid(weights: Num[Any, "L H T S"], tokens: Sequence[str]) -> Figure:
    """Small multiples: one row of maps per layer, one column per head, one shared scale."""
    weights = as_array(weights)
    require_tokens(tokens, weights.shape[2], "the queries (rows)")
    n_layers, n_heads = weights.shape[:2]
    side = COLUMN_INCHES / max(n_heads, 3)
    figure = Figure(figsize=(side * n_heads + 0.6, side * n_layers + 0.5))
    grid = figure.subplots(n_layers, n_heads, squeeze=False)
    for layer, head in [(layer, head) for layer in range(n_layers) for head in range(n_heads)]:
        ax = grid[layer, head]
        image = draw_map(ax, weights[layer, head])
        ax.set(xticks=[], yticks=[])
        if layer == 0:
            ax.set_title(LABELS["head"].format(head=head), fontsize=11, fontweight="normal", loc="center")
        if head == 0:
            ax.set_ylabel(LABELS["layer"].format(layer=layer), fontsize=11)
    figure.colorbar(image, ax=grid, label=LABELS["weight"], shrink=min(1.0, 2.4 / (side * n_layers)), pad=0.02)
    return figure


def name_axes(ax: Axes, queries: Sequence[str], keys: Sequence[str]) -> None:
    """A token beside every row and below every column, and what rows and columns are."""
    ax.set_xticks(range(len(keys)), [visible(token) for token in keys], rotation=60, ha="right")
    ax.set_yticks(range(len(queries)), [visible(token) for token in queries])
    ax.set(xlabel=LABELS["key"], ylabel=LABELS["query"])


def draw_map(ax: Axes, weights: Any) -> Any:
    """The weights as an image on the scale from 0 to 1; gives back the image for a colour bar."""
    ax.grid(False)
    ax.spines[:].set_visible(True)
    # "none" hands the browser one pixel per weight, which it enlarges with sharp edges
    return ax.imshow(weights, cmap=WEIGHTS, vmin=0, vmax=1, interpolation="none", aspect="equal")
