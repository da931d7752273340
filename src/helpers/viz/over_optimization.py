"""Over-optimization: what a stand-in for the reward promises, and what the truth gives, as a policy moves away.

Source: Gao, Schulman and Hilton 2022, "Scaling Laws for Reward Model Overoptimization", arXiv:2210.10760, figure 1.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from numpy import ndarray

from helpers.viz.style import COLORS, new_axes, style

LABELS = {
    "promised": "promised by the reward model",
    "true": "true reward",
    "limit": "limit of any policy",
    "kl": "KL from the start (nats an answer)",
    "reward": "reward",
}


@style()
def plot_over_optimization(
    runs: Sequence[Float[ndarray, "points 3"]], limit: Float[ndarray, "limits 2"] | None = None, ax: Axes | None = None
) -> Axes:
    """Two lines for each run over its distance from the start: the promise, dashed, and the truth.

    A run's rows are KL, promised reward and true reward, from the start on; those of `limit` are KL and the most true
    reward that any policy has there. Thick lines are means over runs, which have equally many points. The scale of
    distances is that of their square roots, because KL grows with the square of a small change.
    """
    ax, mean = ax or new_axes(), np.mean(runs, axis=0)
    for column, name, dash in ((1, "promised", "--"), (2, "true", "-")):
        for run in runs:
            ax.plot(run[:, 0], run[:, column], color=COLORS[name], ls=dash, lw=0.9, alpha=0.5)
        ax.plot(mean[:, 0], mean[:, column], color=COLORS[name], ls=dash, lw=2.5, label=LABELS[name])
    if limit is not None:
        ax.plot(limit[:, 0], limit[:, 1], color=COLORS["limit"], marker=".", label=LABELS["limit"])
    ax.set_xscale("function", functions=(lambda kl: np.sqrt(np.maximum(kl, 0)), np.square))
    ax.set(xlabel=LABELS["kl"], ylabel=LABELS["reward"], xlim=(0, None))
    ax.legend(loc="upper left")
    return ax
