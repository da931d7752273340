import pytest
import torch

from helpers import viz


def test_the_slider_draws_the_board_of_its_tile_and_says_what_is_wasted():
    boards = {tile: torch.full((4, 4), tile / 10) for tile in (1, 2, 4)}
    figure = viz.tiles_figure(boards, {1: 0.0, 2: 0.25, 4: 0.5})
    steps = figure.layout.sliders[0].steps
    assert [step.label for step in steps] == ["1", "2", "4"]
    assert steps[2].args[0]["z"][0][0][0] == 0.4
    assert steps[2].args[1]["title.text"] == "Tiles of 4: 50% computed in vain"


def test_the_board_shown_first_is_the_one_the_slider_stands_at():
    boards = {tile: torch.full((4, 4), tile / 10) for tile in (1, 2, 4)}
    figure = viz.tiles_figure(boards, {1: 0.0, 2: 0.25, 4: 0.5})
    assert figure.data[0].z[0][0] == 0.2
    assert figure.layout.title.text.startswith("Tiles of 2")


def test_a_cell_says_its_number_and_small_ones_are_left_empty():
    ax = viz.plot_heat_table(torch.tensor([[0.0, 3.2], [0.04, -1.0]]), ["a", "b"], ["x", "y"], highest=4)
    assert [(text.get_text(), text.get_position()) for text in ax.texts] == [("3.2", (1, 0))]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_numbers_on_dark_cells_are_white():
    ax = viz.plot_heat_table(torch.tensor([[0.5, 3.9]]), ["a"], ["x", "y"], highest=4)
    assert [text.get_color() for text in ax.texts] == ["black", "white"]


def test_a_missing_name_is_asked_for():
    with pytest.raises(ValueError, match="the rows"):
        viz.plot_heat_table(torch.tensor([[1.0], [2.0]]), ["a"], ["x"], highest=2)
