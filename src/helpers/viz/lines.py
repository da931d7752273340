"""Several quantities over the same steps: lines told apart by colour, marker and dash; or means with their spread."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, NullLocator

from helpers.viz.arrays import as_array
from helpers.viz.style import new_axes, style

LABELS = {"mean": "{name}, mean of {n} seeds", "point": "{name}, this run"}
MARKERS = "osD^v<>x"
DASHES = ("-", "--")


@style()
def plot_lines(x: Sequence[float], series: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """One line per series, named at the right of the axes, where a name hides nothing."""
    ax = ax or new_axes()
    for i, (name, values) in enumerate(series.items()):
        dash = DASHES[i // 7 % 2]  # the palette has seven colours
        ax.plot(x, as_array(values), marker=MARKERS[i % len(MARKERS)], ms=4, ls=dash, label=name)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=10)
    return ax


@style()
def plot_seeds(
    x: Sequence[float],
    runs: Mapping[str, Sequence[Sequence[float]]],
    points: Mapping[str, tuple[float, float]],
    ax: Axes | None = None,
) -> Axes:
    """The mean over seeds with the range from lowest to highest, on a logarithmic x axis; `points` are single runs.

    `runs` maps a name to one row per x, each with one value per seed.
    """
    ax = ax or new_axes()
    for i, (name, rows) in enumerate(runs.items()):
        values = as_array(rows)
        label = LABELS["mean"].format(name=name, n=values.shape[1])
        [line] = ax.plot(x, values.mean(axis=1), marker=MARKERS[i], label=label)
        ax.fill_between(x, values.min(axis=1), values.max(axis=1), alpha=0.2, lw=0, color=line.get_color())
        if name in points:
            star: Any = {"ms": 15, "color": line.get_color(), "mec": "black", "ls": ""}
            ax.plot(*points[name], "*", label=LABELS["point"].format(name=name), **star)
    ax.set_xscale("log")
    ax.set_xticks(x, [f"{value:g}" for value in x])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(fontsize=10)
    return ax
