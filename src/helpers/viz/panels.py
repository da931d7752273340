"""Several measures of the same runs, one panel above the other over the same steps: what moves when?"""

from collections.abc import Mapping, Sequence

from jaxtyping import Num
from matplotlib.figure import Figure
from numpy import ndarray

from helpers.viz.arrays import as_array
from helpers.viz.style import COLORS, COLUMN_INCHES, GREY, style

LABELS = {"run": "this run", "step": "training step"}
THIN = (COLORS["recorded"], GREY)


@style()
def plot_panels(
    run: Num[ndarray, "steps 1+measures"] | Sequence[Sequence[float]],
    recorded: Mapping[str, Sequence[Sequence[Sequence[float]]]],
    measures: Sequence[str],
    levels: Mapping[str, float] | None = None,
    title: str = "",
) -> Figure:
    """A panel for each measure, with one run in bold over groups of thin ones.

    The first column of every run is the step, the others are the measures. `levels` are lines in the first panel.
    """
    figure = Figure(figsize=(COLUMN_INCHES, 2.4 * len(measures) + 0.4))
    panels = figure.subplots(len(measures), sharex=True, squeeze=False)[:, 0]
    for column, (ax, measure) in enumerate(zip(panels, measures, strict=True), 1):
        for (name, runs), color in zip(recorded.items(), THIN, strict=False):
            for i, rows in enumerate(map(as_array, runs)):
                ax.plot(rows[:, 0], rows[:, column], color=color, lw=1.2, label=None if i else name)
        rows = as_array(run)
        ax.plot(rows[:, 0], rows[:, column], color=COLORS["run"], lw=2.5, label=LABELS["run"])
        ax.set_ylabel(measure)
    for name, value in (levels or {}).items():
        panels[0].axhline(value, color=COLORS.get(name, COLORS["limit"]), ls="--", label=name)
    panels[0].set_title(title)
    panels[0].legend(fontsize=9)
    panels[-1].set_xlabel(LABELS["step"])
    return figure
