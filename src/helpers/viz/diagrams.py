"""Drawings of a model's parts: boxes along the stream that runs through a block."""

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from helpers.viz.style import BLACK, BLUE, GREY, PALE, new_axes, style

LABELS = {
    "norm": "norm",
    "attention": "attention",
    "mlp": "feed-forward",
    "add": "+",
    "pre": "GPT-2, GPT-3: norm before each part",
    "post": "GPT-1: norm after each sum",
}
# Each part is a detour from the stream: (what stands on the detour, what stands on the stream after the sum).
DETOURS: dict[str, list[tuple[tuple[str, ...], str | None]]] = {
    "pre": [(("norm", "attention"), None), (("norm", "mlp"), None)],
    "post": [(("attention",), "norm"), (("mlp",), "norm")],
}


@style()
def plot_block(norm_positions: tuple[str, ...] = ("post", "pre")) -> Axes:
    """One block as a stream from left to right with two detours, one row for each place of the norm."""
    ax = new_axes(height=1.9 * len(norm_positions))
    for row, norm_position in enumerate(norm_positions):
        _draw_row(ax, -2.3 * row, norm_position)
    ax.set(xlim=(-0.3, 11.3), ylim=(-2.3 * len(norm_positions) + 1.4, 2.0))
    ax.set_axis_off()
    return ax


def _draw_row(ax: Axes, y: float, norm_position: str) -> None:
    ax.text(0, y + 1.55, LABELS[norm_position], fontsize=12, color=BLACK)
    ax.add_patch(FancyArrowPatch((0, y), (11, y), arrowstyle="-|>", mutation_scale=14, lw=2.2, color=BLUE))
    for i, (parts, after) in enumerate(DETOURS[norm_position]):
        left = 0.5 + 5.3 * i
        plus = left + 3.4
        path = [(left, y), (left, y + 0.8), (plus, y + 0.8), (plus, y + 0.22)]
        ax.plot(*zip(*path, strict=True), color=GREY, lw=1.4, zorder=1)
        for j, part in enumerate(parts):
            _box(ax, left + (0.85 if len(parts) == 2 else 1.7) + 1.55 * j, y + 0.8, part)
        ax.text(plus, y, LABELS["add"], ha="center", va="center", fontsize=13, zorder=4,
                bbox={"boxstyle": "circle,pad=0.12", "fc": "white", "ec": BLUE, "lw": 1.6})  # fmt: skip
        if after:
            _box(ax, plus + 1.0, y, after)


def _box(ax: Axes, x: float, y: float, part: str) -> None:
    width = 0.95 if part == "norm" else 1.85
    box = FancyBboxPatch(
        (x - width / 2, y - 0.26), width, 0.52, boxstyle="round,pad=0.02,rounding_size=0.1", fc=PALE, ec=GREY, zorder=3
    )
    ax.add_patch(box)
    ax.text(x, y, LABELS[part], ha="center", va="center", fontsize=11, color=BLACK, zorder=4)
