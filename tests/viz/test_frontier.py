import pytest

from helpers.viz import frontier_figure

CURVES = {"temperature": ([1.0, 2.0], [3.0, 4.0], ["cold", "hot"]), "top-k": ([5.0], [6.0], ["few"])}


def test_every_curve_keeps_its_points_and_what_they_say():
    figure = frontier_figure(CURVES)
    assert [trace.name for trace in figure.data] == list(CURVES)
    assert list(figure.data[0].x) == [1.0, 2.0]
    assert list(figure.data[0].text) == ["cold", "hot"]


def test_a_point_of_this_run_has_the_colour_of_its_curve_and_no_second_entry_in_the_legend():
    figure = frontier_figure(CURVES, points={"top-k": ([5.5], [6.5], ["this run"])})
    curve, point = figure.data[1], figure.data[2]
    assert point.marker.color == curve.marker.color
    assert point.marker.size > curve.marker.size
    assert not point.showlegend


def test_the_ideal_is_a_star_where_it_was_put():
    star = frontier_figure(CURVES, ideal=("the truth", 9.0, 8.0)).data[-1]
    assert (star.marker.symbol, star.x[0], star.y[0]) == ("star", 9.0, 8.0)


def test_a_point_without_a_text_is_refused():
    with pytest.raises(ValueError, match="got 1, 1, 0"):
        frontier_figure({"bare": ([1.0], [1.0], [])})
