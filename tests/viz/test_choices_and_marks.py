import pytest

from helpers.viz import choices_figure, plot_marks

X = [0.0, 0.5, 1.0]
CHOICES = {"flat": {"a": [1, 1, 1], "b": [0, 0, 0]}, "steep": {"a": [0, 5, 10], "b": [3, 2, 1]}}


def figure(choices=CHOICES, **words):
    return choices_figure(X, choices, menu="Shape", x_label="x", y_label="y", **words)


def test_the_list_draws_what_each_choice_says():
    menu = figure(first="steep", titles={"steep": "It rises"}).to_plotly_json()
    assert [list(trace["y"]) for trace in menu["data"]] == [[0, 5, 10], [3, 2, 1]]
    [entry] = menu["layout"]["updatemenus"]
    assert entry["name"] == "Shape"
    assert entry["active"] == 1
    assert [button["label"] for button in entry["buttons"]] == ["flat", "steep"]
    assert entry["buttons"][0]["args"] == [{"y": [[1, 1, 1], [0, 0, 0]]}, {"title.text": "flat"}]
    assert menu["layout"]["title"]["text"] == "It rises"


def test_a_choice_with_other_lines_is_refused():
    with pytest.raises(ValueError, match=r"lines called \['a', 'b'\], got others for 'steep'"):
        figure({"flat": CHOICES["flat"], "steep": {"a": [1, 2, 3]}})


def test_every_row_has_its_seeds_and_its_star():
    ax = plot_marks({"quality": [0.7, 0.8], "leaks": [0.9, 0.95]}, {"leaks": 0.93})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["quality", "leaks"]
    assert [line.get_xydata().tolist() for line in ax.lines] == [
        [[0.7, 0], [0.8, 0]],
        [[0.9, 1], [0.95, 1]],
        [[0.93, 1]],
    ]
    assert ax.yaxis_inverted()
