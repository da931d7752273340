import numpy as np

from helpers.viz import plot_over_optimization

RUNS = [np.array([[0, 1, 1], [4, 3, 2], [9, 5, 1]], float), np.array([[0, 1, 1], [6, 5, 4], [11, 7, 3]], float)]


def points(line) -> list[list[float]]:
    return line.get_xydata().tolist()


def test_score_and_truth_stand_above_each_other_each_with_its_runs_and_their_mean():
    score, true = plot_over_optimization(RUNS).axes
    assert [points(line) for line in score.lines] == [*(run[:, :2].tolist() for run in RUNS), [[0, 1], [5, 4], [10, 6]]]
    assert [points(line) for line in true.lines] == [
        *(run[:, [0, 2]].tolist() for run in RUNS),
        [[0, 1], [5, 3], [10, 2]],
    ]
    assert "score" in score.get_title(loc="left")
    assert "true" in true.get_title(loc="left")


def test_the_limit_is_drawn_beside_the_truth():
    score, true = plot_over_optimization(RUNS, limit=np.array([[1.0, 2.0], [9.0, 3.0]])).axes
    assert points(true.lines[-1]) == [[1, 2], [9, 3]]
    assert len(score.lines) == 3


def test_distances_stand_as_far_apart_as_their_roots():
    for ax in plot_over_optimization(RUNS).axes:
        places = [ax.transData.transform((kl, 0))[0] for kl in (0, 1, 4, 9)]
        np.testing.assert_allclose(np.diff(places), places[1] - places[0])
