import pytest

from helpers import viz

RUN = [[1, 0.5, 10.0], [2, 0.4, 20.0]]


def test_each_measure_has_a_panel_with_every_run_and_the_own_one_last():
    figure = viz.plot_panels(RUN, {"seeds": [RUN, RUN]}, ["loss", "score"], title="Both move")
    loss, score = figure.axes
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "score"]
    assert loss.lines[-1].get_ydata().tolist() == [0.5, 0.4]
    assert score.lines[-1].get_ydata().tolist() == [10.0, 20.0]
    assert len(score.lines) == 3
    assert score.lines[-1].get_linewidth() > score.lines[0].get_linewidth()


def test_a_group_is_named_once_and_a_level_stands_in_the_first_panel_only():
    figure = viz.plot_panels(RUN, {"seeds": [RUN, RUN], "control": [RUN]}, ["loss", "score"], {"best possible": 0.3})
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["seeds", "control", "this run", "best possible"]
    assert figure.axes[0].lines[-1].get_ydata() == pytest.approx([0.3, 0.3])
    assert len(figure.axes[1].lines) == 4
