"""The page of the models: what stands in its tables is what the records say."""

import re
from statistics import mean

import pytest

from book._ext.measured import VIEWS, markdown_table, over_seeds
from helpers import checkpoints, records


def view(name: str) -> str:
    record, make = VIEWS[name]
    return make(records.load(record)["values"])


def rows(text: str) -> list[list[str]]:
    """The cells of a Markdown table, its head included."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


@pytest.mark.parametrize("name", sorted(VIEWS.keys() - {"over_optimization"}))
def test_every_view_is_a_table_with_a_value_in_every_cell(name):
    head, rule, *lines = rows(view(name))
    assert len(lines) > 1
    assert {len(line) for line in lines} == {len(head)} == {len(rule)}
    assert not [line for line in lines for cell in line[2:] if not re.match(r"`?[\w−-]", cell)]


def test_a_cell_is_the_mean_over_seeds_with_its_standard_error():
    assert over_seeds({"1": 1.0, "2": 2.0, "3": 3.0}, lambda run: run) == "2.00 ± 0.58"
    runs = records.load("pretraining")["values"]["1"].values()
    assert rows(view("pretraining"))[2][2].startswith(f"{mean(run['gap'] for run in runs):.3f} ± ")


def test_the_first_column_is_text_and_the_others_are_numbers():
    assert markdown_table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_all_shipped_models_are_listed():
    assert {line[0].strip("`") for line in rows(view("shipped"))[2:]} == set(checkpoints.names())


def test_the_figure_says_in_words_what_it_shows():
    text = view("over_optimization")
    assert text.startswith('<figure class="measured"><svg role="img" aria-label="Three runs of PPO')
    assert "true reward" in text


def test_the_caption_names_the_turning_point_of_the_mean_curve():
    import numpy as np

    from book._ext.measured import turning_point

    runs = [np.array([[0, 0, 1.0], [4, 1, 2.0], [20, 2, 1.5]]), np.array([[0, 0, 1.0], [6, 1, 3.0], [30, 2, 0.5]])]
    assert turning_point(runs) == (
        "On average the true reward rises from 1.00 to 2.50, at a distance of 5 nats; at 25 nats it is down to 1.00."
    )
