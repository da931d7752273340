"""Shares side by side: a row for each quantity, a pale dot for each recorded seed, a star for the run of today."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from helpers.viz.style import COLORS, new_axes, style

LABELS = {"recorded": "recorded seeds", "run": "this run"}


@style()
def plot_marks(
    recorded: Mapping[str, Sequence[float]], yours: Mapping[str, float] | None = None, ax: Axes | None = None
) -> Axes:
    """Rows from top to bottom in the order of `recorded`; `yours` may leave rows without a star."""
    ax = ax or new_axes(height=1.0 + 0.36 * len(recorded))
    for row, values in enumerate(recorded.values()):
        label = LABELS["recorded"] if row == 0 else None
        ax.plot(values, [row] * len(values), "o", ms=9, alpha=0.6, mec="none", color=COLORS["recorded"], label=label)
    names = list(recorded)
    for i, (name, value) in enumerate((yours or {}).items()):
        label = LABELS["run"] if i == 0 else None
        ax.plot([value], [names.index(name)], "*", ms=13, mec="black", color=COLORS["run"], label=label)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    handles, labels = ax.get_legend_handles_labels()
    figure: Any = ax.figure
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=10)
    return ax
