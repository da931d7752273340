"""A mask as a chequered board: which positions may be looked at. True = may look, as everywhere in the book."""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Bool
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from helpers.viz.arrays import as_array, require_tokens
from helpers.viz.attention import name_axes
from helpers.viz.style import COLORS, PALE, new_axes, style

LABELS = {"may": "•"}


@style()
def plot_mask(
    mask: Bool[Any, "T S"],
    tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Rows look at columns; an allowed pair is filled and dotted, so that colour is not the only sign."""
    mask, keys = as_array(mask).astype(bool), tokens if key_tokens is None else key_tokens
    require_tokens(tokens, mask.shape[0], "the queries (rows)")
    require_tokens(keys, mask.shape[1], "the keys (columns)")
    ax = ax or new_axes(width=1.8 + 0.42 * mask.shape[1], height=1.5 + 0.42 * mask.shape[0])
    ax.imshow(mask, cmap=ListedColormap(["white", COLORS["keys"]]), vmin=0, vmax=1, interpolation="none")
    for row, column in zip(*mask.nonzero(), strict=True):
        ax.text(column, row, LABELS["may"], color="white", ha="center", va="center")
    name_axes(ax, tokens, keys)
    draw_cell_borders(ax, mask.shape)
    return ax


def draw_cell_borders(ax: Axes, shape: tuple[int, ...]) -> None:
    """Thin lines between the cells in place of the grid through their middles."""
    ax.grid(False)
    ax.spines[:].set_visible(True)
    ax.set_xticks([column + 0.5 for column in range(shape[1] - 1)], minor=True)
    ax.set_yticks([row + 0.5 for row in range(shape[0] - 1)], minor=True)
    ax.grid(which="minor", color=PALE, lw=1)
    ax.tick_params(which="minor", length=0)
