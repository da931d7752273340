"""A table of numbers in which the large ones are dark: which row and which column go together?"""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Num
from matplotlib.axes import Axes

from helpers.viz.arrays import as_array, require_tokens
from helpers.viz.style import WEIGHTS, new_axes, style

DARK = 0.55  # of the scale: from here on white letters are the readable ones


@style()
def plot_heat_table(
    values: Num[Any, "R C"],
    rows: Sequence[str],
    columns: Sequence[str],
    highest: float,
    digits: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Each number in its cell, the darker the nearer to `highest`; what rounds to zero or less stays empty."""
    values = as_array(values)
    require_tokens(rows, values.shape[0], "the rows")
    require_tokens(columns, values.shape[1], "the columns")
    ax = ax or new_axes(height=1.3 + 0.34 * len(rows))
    ax.imshow(values, cmap=WEIGHTS, vmin=0, vmax=highest, interpolation="none", aspect="auto")
    for (row, column), value in ((at, values[at]) for at in zip(*(values.round(digits) > 0).nonzero(), strict=True)):
        color = "white" if value > DARK * highest else "black"
        ax.text(column, row, f"{value:.{digits}f}", color=color, ha="center", va="center", fontsize=10)
    ax.set_xticks(range(len(columns)), columns, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(False)
    ax.spines[:].set_visible(True)
    return ax
