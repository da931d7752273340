"""Over-optimization: a stand-in for the reward goes on rising while the reward itself turns.

Source: Gao, Schulman and Hilton 2022, "Scaling Laws for Reward Model Overoptimization", arXiv:2210.10760, figure 1.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy import ndarray

from helpers.viz.style import COLORS, COLUMN_INCHES, style

LABELS = {
    "score": "the reward model's score",
    "true": "the true reward",
    "limit": "limit of any policy",
    "kl": "KL from the start (nats an answer)",
}


@style()
def plot_over_optimization(
    runs: Sequence[Float[ndarray, "points 3"]], limit: Float[ndarray, "limits 2"] | None = None
) -> Figure:
    """Score and true reward over the distance from the start: runs as thin lines, their mean as a thick one.

    A run's rows are KL, score and true reward, from the start on, equally many in each run; those of `limit` are KL
    and the most true reward that any policy has there. The scale of distances is that of their square roots, because
    KL grows with the square of a small change.
    """
    figure = Figure(figsize=(COLUMN_INCHES, 5.4))
    for column, (ax, name) in enumerate(zip(figure.subplots(2, sharex=True), ("score", "true"), strict=True), 1):
        draw(ax, runs, column, COLORS[name])
        ax.set_title(LABELS[name])
    if limit is not None:
        ax.plot(limit[:, 0], limit[:, 1], color=COLORS["limit"], marker=".", label=LABELS["limit"])
        ax.legend(loc="lower right")
    ax.set(xlabel=LABELS["kl"])
    return figure


def draw(ax: Axes, runs: Sequence[Float[ndarray, "points 3"]], column: int, color: str) -> None:
    """One quantity of every run, and of their mean, over KL."""
    for run in runs:
        ax.plot(run[:, 0], run[:, column], color=color, lw=0.9, alpha=0.5)
    mean = np.mean(runs, axis=0)
    ax.plot(mean[:, 0], mean[:, column], color=color, lw=2.5, marker="o", ms=4)
    ax.set_xscale("function", functions=(lambda kl: np.sqrt(np.maximum(kl, 0)), np.square))
    ax.set_xlim(0, None)
