import numpy as np

from helpers.viz import plot_over_optimization

RUNS = [np.array([[0, 1, 1], [4, 3, 2], [9, 5, 1]], float), np.array([[0, 1, 1], [6, 5, 4], [11, 7, 3]], float)]


def test_the_thick_lines_are_the_means_of_promise_and_truth():
    lines = {line.get_label(): line.get_xydata().tolist() for line in plot_over_optimization(RUNS).lines}
    assert lines["promised by the reward model"] == [[0, 1], [5, 4], [10, 6]]
    assert lines["true reward"] == [[0, 1], [5, 3], [10, 2]]


def test_every_run_is_drawn_thin_in_the_colour_of_what_it_shows():
    lines = plot_over_optimization(RUNS).lines
    promised, true = lines[:3], lines[3:]
    assert len({line.get_color() for line in promised} | {line.get_color() for line in true}) == 2
    assert [line.get_xydata().tolist() for line in true[:2]] == [run[:, [0, 2]].tolist() for run in RUNS]


def test_distances_stand_as_far_apart_as_their_roots():
    ax = plot_over_optimization(RUNS, limit=np.array([[1.0, 2.0], [9.0, 3.0]]))
    places = [ax.transData.transform((kl, 0))[0] for kl in (0, 1, 4, 9)]
    np.testing.assert_allclose(np.diff(places), places[1] - places[0])
    assert ax.lines[-1].get_xydata().tolist() == [[1, 2], [9, 3]]
