"""One palette and one page size for every figure, so that a colour means the same thing in every chapter.

The colours are those of Okabe and Ito, which stay apart for colour-blind readers; a role, not a hue, is what a
figure asks for. The figures of this package change nothing global: they are made inside `style()`, without pyplot.

Source: Okabe and Ito 2008, "Color Universal Design", jfly.uni-koeln.de/color.
"""

from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

BLACK, GREY, PALE = "#1f2328", "#6e7781", "#d0d7de"
ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, VERMILLION, PURPLE = "#0072b2", "#d55e00", "#cc79a7"

COLORS = {
    "text": BLACK,
    "grid": PALE,
    "run": BLUE,
    "validation": VERMILLION,
    "recorded": SKY,
    "floor": GREEN,
    "uniform": GREY,
    "unigram": PURPLE,
    "bigram": ORANGE,
    "trigram": YELLOW,
    "queries": VERMILLION,
    "keys": BLUE,
    "values": GREEN,
    "scores": PURPLE,
    "kept": BLUE,
    "cut": GREY,
    "drawn": VERMILLION,
    "chosen": GREEN,
    "rejected": VERMILLION,
    "score": VERMILLION,
    "true": BLUE,
    "limit": GREEN,
}

# For lines without a role; the yellow is left out because it is too pale on white.
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)

# Weights from 0 (white) to 1 (dark): one hue that also reads in grey.
WEIGHT_COLORS = ("#ffffff", "#9ecae9", BLUE, "#08306b")
WEIGHTS = LinearSegmentedColormap.from_list("weights", WEIGHT_COLORS)

COLUMN_INCHES = 6.4  # 614 px: fits the text column, and its letters stay readable on a phone

RC: Any = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Helvetica Neue", "Arial", "Noto Sans CJK SC", "sans-serif"],
    "font.size": 12,
    "text.color": BLACK,
    "axes.labelcolor": BLACK,
    "axes.edgecolor": GREY,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=CYCLE),
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.framealpha": 1.0,
    "legend.edgecolor": "none",
    "legend.fancybox": False,
    "legend.fontsize": 11,
    "lines.linewidth": 2,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",  # text stays text: searchable, and smaller than outlines
    "svg.hashsalt": "from-gpt-to-llama",  # the same figure gives the same bytes
}


def style() -> Any:
    """The book's look, as a context (`with style(): ...`) or a decorator. Leaves rcParams as they were."""
    return matplotlib.rc_context(RC)


def use_style() -> None:
    """The book's look for everything drawn from now on, pyplot's figures included."""
    matplotlib.rcParams.update(RC)


@style()
def new_axes(width: float = COLUMN_INCHES, height: float = 3.6) -> Axes:
    """Empty axes in the book's style, sizes in inches; hand them to `show` when they are filled."""
    return Figure(figsize=(width, height)).subplots()
