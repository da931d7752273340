from datetime import date

import pytest

from helpers.viz.releases import release_figure

NAMES, DATES, KINDS = ["a", "b", "c"], [date(2018, 1, 1), date(2019, 1, 1), date(2020, 1, 1)], ["x", "y", "x"]
AXES = {"parameters": [1e8, 2e9, 3e11], "tokens": [None, 1e9, 3e11]}


def test_every_model_stands_at_its_date_and_size_in_the_trace_of_its_kind():
    figure = release_figure(NAMES, DATES, KINDS, AXES)
    points = {(trace.name, x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert points == {("x", "2018-01-01", 1e8), ("y", "2019-01-01", 2e9), ("x", "2020-01-01", 3e11)}


def test_the_list_puts_another_number_on_the_axis_and_takes_its_own_lines_along():
    figure = release_figure(NAMES, DATES, KINDS, AXES, limits={"parameters": [1e10]})
    first, second = figure.layout.updatemenus[0].buttons
    assert list(second.args[0]["y"]) == [[None, 3e11], [1e9]]
    assert second.args[1]["yaxis.title.text"] == "tokens"
    assert first.args[1]["shapes"][0]["y0"] == 1e10
    assert not second.args[1]["shapes"]


def test_what_is_not_known_is_said_at_the_point():
    text = release_figure(NAMES, DATES, KINDS, AXES).data[0].text[0]
    assert "a" in text
    assert "100,000,000" in text
    assert "tokens: not stated" in text


def test_a_model_without_a_number_is_refused():
    with pytest.raises(ValueError, match="each model needs one number or None"):
        release_figure(NAMES, DATES, KINDS, {"tokens": [1.0]})
