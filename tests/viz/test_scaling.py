import pytest

from helpers import viz
from helpers.viz.scaling import chosen

CURVES = {"1e10": ([10.0, 100.0, 1000.0], [1.0, 0.8, 0.9]), "1e11": ([100.0, 1000.0], [0.7, 0.6])}


def test_each_size_is_a_line_of_its_distance_to_the_floor():
    ax = viz.plot_scaling({10: ([1, 2], [1.5, 1.0]), 20: ([1, 2], [1.2, 0.9])}, 0.5, {20: (1, 1.3)})
    assert ax.lines[0].get_ydata().tolist() == [1.0, 0.5]
    assert ax.lines[2].get_ydata() == pytest.approx(0.8)
    assert ax.get_yscale() == ax.get_xscale() == "log"


def test_the_slider_brings_one_compute_to_the_front_and_leaves_the_floor_alone():
    figure = viz.isoflop_figure(CURVES, CURVES, floor=0.5, title="A valley").to_plotly_json()
    steps = figure["layout"]["sliders"][0]["steps"]
    assert [step["label"] for step in steps] == list(CURVES)
    first, last = (step["args"][0]["line.color"] for step in steps)
    assert first[0] == last[2] != first[2] == last[0]
    assert first[-1] == last[-1] == viz.COLORS["floor"]
    assert len(first) == len(figure["data"]) == 2 * len(CURVES) + 1


def test_what_is_in_front_at_first_is_what_the_slider_says():
    figure = viz.isoflop_figure(CURVES, CURVES, floor=0.5).to_plotly_json()
    active = figure["layout"]["sliders"][0]["active"]
    assert [trace["line"]["color"] for trace in figure["data"]] == chosen(active, 2)["line.color"]
