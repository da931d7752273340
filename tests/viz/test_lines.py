import numpy as np

from helpers.viz import plot_lines, plot_seeds

EIGHT = {name: [i, i + 1] for i, name in enumerate("abcdefgh")}


def test_no_two_lines_share_both_colour_and_marker():
    lines = plot_lines([0, 1], EIGHT).lines
    assert len({(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}) == 8
    assert [line.get_label() for line in lines] == list(EIGHT)


def test_the_line_is_the_mean_and_the_band_spans_the_seeds():
    ax = plot_seeds([16, 64], {"tuned": [[0.1, 0.3], [0.5, 0.9]]}, {"tuned": (64, 0.8)})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.2, 0.7])
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.1, 0.9)
    assert ax.lines[1].get_xydata().tolist() == [[64, 0.8]]


def test_only_the_measured_places_are_labelled_on_the_logarithmic_axis():
    ax = plot_seeds([16, 64, 256], {"tuned": [[0.1], [0.2], [0.3]]}, {})
    ax.figure.canvas.draw()
    assert [t.get_text() for t in ax.get_xticklabels()] == ["16", "64", "256"]
    assert not [t for t in ax.get_xticklabels(minor=True) if t.get_text()]
