"""Pictures: arrays in, a figure out. Nothing here knows a model."""

from helpers.viz.alignment import alignment_figure
from helpers.viz.attention import plot_attention, plot_attention_grid
from helpers.viz.attention_views import head_view, model_view, neuron_view
from helpers.viz.bars import plot_next_token
from helpers.viz.choices import choices_figure
from helpers.viz.diagrams import plot_block
from helpers.viz.frontier import frontier_figure
from helpers.viz.heat_table import plot_heat_table
from helpers.viz.interactive import attention_explorer_figure, loss_figure
from helpers.viz.lines import plot_lines, plot_seeds
from helpers.viz.loss import plot_loss
from helpers.viz.marks import plot_marks
from helpers.viz.masks import plot_mask
from helpers.viz.over_optimization import plot_over_optimization
from helpers.viz.panels import plot_panels
from helpers.viz.scaling import isoflop_figure, plot_scaling
from helpers.viz.score_maps import score_maps_figure
from helpers.viz.show import show
from helpers.viz.style import COLORS, new_axes, style, use_style
from helpers.viz.tables import show_configs, show_diff
from helpers.viz.text import show_surprise
from helpers.viz.tiles import tiles_figure
from helpers.viz.watermark import show_colours
from helpers.viz.waves import wave_figure

__all__ = [
    "COLORS",
    "alignment_figure",
    "attention_explorer_figure",
    "choices_figure",
    "frontier_figure",
    "head_view",
    "isoflop_figure",
    "loss_figure",
    "model_view",
    "neuron_view",
    "new_axes",
    "plot_attention",
    "plot_attention_grid",
    "plot_block",
    "plot_heat_table",
    "plot_lines",
    "plot_loss",
    "plot_marks",
    "plot_mask",
    "plot_next_token",
    "plot_over_optimization",
    "plot_panels",
    "plot_scaling",
    "plot_seeds",
    "score_maps_figure",
    "show",
    "show_colours",
    "show_configs",
    "show_diff",
    "show_surprise",
    "style",
    "tiles_figure",
    "use_style",
    "wave_figure",
]
