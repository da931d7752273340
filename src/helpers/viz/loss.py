"""A loss curve says something only beside the losses one already knows: chance, counting, the exact floor."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes

from helpers.viz.arrays import as_array
from helpers.viz.style import COLORS, GREY, new_axes, style

LABELS = {
    "step": "training step",
    "loss": "loss (nats per token)",
    "run": "this run",
    "recorded": "recorded seeds",
    "validation": "validation",
}


@style()
def plot_loss(
    steps: Num[Any, "n"] | Sequence[float],
    loss: Num[Any, "n"] | Sequence[float],
    levels: Mapping[str, float],
    band: tuple | None = None,
    validation: tuple | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The loss over training, in nats per token, against labelled horizontal levels.

    `band` is (steps, low, high) of recorded seeds and is drawn behind the run; `validation` is (steps, loss).
    A level named like a role of the palette ("floor", "unigram", ...) takes that role's colour.
    """
    steps, loss = as_array(steps), as_array(loss)
    if steps.shape != loss.shape:
        raise ValueError(f"each step needs one loss, got {steps.shape} steps and {loss.shape} losses")
    ax = ax or new_axes()
    if band is not None:
        recorded, low, high = map(as_array, band)
        color, label = COLORS["recorded"], LABELS["recorded"]
        ax.fill_between(recorded, low, high, color=color, alpha=0.35, lw=0, label=label)
    ax.plot(steps, loss, color=COLORS["run"], label=LABELS["run"], zorder=3)
    if validation is not None:
        points = map(as_array, validation)
        ax.plot(*points, "o", ms=4, color=COLORS["validation"], label=LABELS["validation"], zorder=4)
    draw_levels(ax, levels)
    ax.set(xlabel=LABELS["step"], ylabel=LABELS["loss"], xlim=(0, None))
    if len(ax.get_legend_handles_labels()[0]) > 1:
        ax.legend(loc="upper right")
    return ax


def draw_levels(ax: Axes, levels: Mapping[str, float]) -> None:
    """Dashed horizontal lines, each with its name and value at the right edge."""
    for (name, value), y in zip(levels.items(), spread_labels(ax, list(levels.values())), strict=True):
        color = COLORS.get(name, GREY)
        ax.axhline(value, color=color, ls="--", lw=1.4, zorder=2)
        ax.annotate(
            f"{name} {value:.2f}",
            xy=(1, value),
            xytext=(1.012, y),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            va="center",
            fontsize=11,
        )


def spread_labels(ax: Axes, values: list[float]) -> list[float]:
    """Heights for the labels in data units: at their level, or just above the label below if that is too near."""
    low, high = ax.get_ylim()
    gap = 0.075 * (max(high, *values) - min(low, *values)) if values else 0.0
    heights, last = {}, -np.inf
    for index in np.argsort(values):
        last = heights[int(index)] = max(values[int(index)], last + gap)
    return [heights[index] for index in range(len(values))]
