"""The next-token distribution as bars, most likely first: what a language model says at one place."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes

from helpers.viz.arrays import as_array, require_tokens, visible
from helpers.viz.style import COLORS, new_axes, style

LABELS = {"probability": "probability of being next", "others": "{n} other tokens"}


@style()
def plot_next_token(probs: Num[Any, "V"], tokens: Sequence[str], top: int = 12, ax: Axes | None = None) -> Axes:
    """Horizontal bars of the `top` most likely tokens; what the others have together is the last, grey bar."""
    probs = as_array(probs)
    require_tokens(tokens, len(probs), "the vocabulary")
    if not np.isclose(probs.sum(), 1, atol=1e-3):
        raise ValueError(f"probabilities must sum to 1, got {probs.sum():.4f}: was softmax forgotten?")
    best = np.argsort(-probs, kind="stable")[:top]
    names, values = [visible(tokens[i]) for i in best], list(probs[best])
    colors = [COLORS["run"]] * len(best)
    if len(best) < len(probs):
        names.append(LABELS["others"].format(n=len(probs) - len(best)))
        values.append(1 - sum(values))
        colors.append(COLORS["cut"])
    ax = ax or new_axes(height=0.6 + 0.3 * len(names))
    bars = ax.barh(range(len(names)), values, color=colors, height=0.72)
    ax.bar_label(bars, [f"{value:.3f}" for value in values], padding=4, fontsize=11)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=LABELS["probability"], xlim=(0, min(1.0, 1.15 * max(values)) + 0.02))
    return ax
