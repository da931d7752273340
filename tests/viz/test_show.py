"""Pictures: none without words, the same bytes on every run, and names that a screen reader can say."""

import re
import xml.etree.ElementTree as ElementTree
from importlib import import_module

import numpy as np
import plotly.graph_objects as go
import pytest

from helpers.viz import COLORS, new_axes, plot_loss, show, style
from helpers.viz.show import plotly_html, to_svg

ALT = 'The loss falls from 6 to 2 nats, "steeply" at first'


def figure():
    ax = plot_loss([0, 1, 2, 3], [6.0, 4.0, 2.5, 2.0], {"unigram": 5.0, "floor": 1.8}, band=([0, 3], [5, 1], [7, 3]))
    ax.set_title("The loss falls")
    return ax.figure


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch):
    """Show a figure; gives back the data and the metadata of its output."""
    outputs = []
    module = import_module("helpers.viz.show")
    monkeypatch.setattr(module, "display", lambda data, metadata=None, raw=False: outputs.append((data, metadata)))

    def once(thing) -> tuple[dict, dict]:
        show(thing, ALT)
        return outputs.pop()

    return once


@pytest.mark.parametrize("alt", ["", "   ", "loss curve"])
def test_a_picture_without_words_is_refused_and_the_message_shows_how_to_write_them(alt: str):
    with pytest.raises(ValueError, match=r"what a reader would see, in a sentence such as"):
        show(new_axes(), alt)
    with pytest.raises(ValueError, match="what a reader would see"):
        show(go.Figure(), alt)


def test_drawing_the_same_figure_again_gives_the_same_bytes():
    assert to_svg(figure(), ALT) == to_svg(figure(), ALT)


def test_the_svg_says_its_text_to_a_screen_reader():
    root = ElementTree.fromstring(to_svg(figure(), ALT))
    assert root.tag.endswith("svg")
    assert root.get("role") == "img"
    assert root.get("aria-label") == ALT


def test_text_in_the_svg_stays_text_and_the_ground_is_white():
    svg = to_svg(figure(), ALT)
    assert ">loss (nats per token)</text>" in svg
    assert "fill: #ffffff" in svg


def test_chinese_text_is_drawn_without_a_warning(recwarn: pytest.WarningsRecorder):
    ax = new_axes()
    ax.set_title("狐狸")
    assert "狐狸" in to_svg(ax.figure, ALT)
    assert [str(w.message) for w in recwarn if "Glyph" in str(w.message)] == []


def test_the_alternative_text_stands_where_the_book_reads_it(shown):
    data, metadata = shown(figure())
    assert metadata["image/svg+xml"]["alt"] == ALT
    assert data["text/plain"] == ALT


def test_axes_can_be_shown_as_well_as_figures(shown):
    ax = new_axes()
    ax.plot([0, 1])
    assert "image/svg+xml" in shown(ax)[0]


def test_a_figure_of_pyplot_is_closed_after_it_was_shown(shown):
    from matplotlib import pyplot

    plain, ax = pyplot.subplots()
    shown(ax)
    assert not pyplot.fignum_exists(plain.number)


def test_the_style_leaves_the_settings_of_matplotlib_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    to_svg(figure(), ALT)
    assert dict(matplotlib.rcParams) == before
    with style():
        assert dict(matplotlib.rcParams) != before


def test_a_plotly_figure_is_shown_to_notebooks_and_to_the_page(shown):
    data, _ = shown(go.Figure(go.Scatter(x=[0, 1], y=[1, 0])))
    assert {"application/vnd.plotly.v1+json", "text/html", "text/plain"} <= data.keys()
    assert 'aria-label="The loss falls from 6 to 2 nats, &quot;steeply&quot; at first"' in data["text/html"]


def test_text_in_a_plotly_figure_cannot_end_the_script_that_holds_it():
    html = plotly_html({"data": [{"name": "</script><b>"}], "layout": {}}, ALT)
    assert html.count("</script>") == 1


def test_text_in_a_plotly_figure_cannot_keep_the_script_from_ending():
    html = plotly_html({"data": [{"name": "<!--"}, {"name": "<script>"}], "layout": {}}, ALT)
    assert "<!--" not in html
    assert html.count("<script") == 1


def test_colours_of_the_lines_that_share_a_figure_differ_in_brightness_or_hue():
    levels = [COLORS[role] for role in ("run", "floor", "uniform", "unigram", "bigram", "trigram")]
    assert len(set(levels)) == len(levels)
    channels = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in levels])
    distances = np.abs(channels[:, None] - channels[None]).sum(-1)
    assert distances[~np.eye(len(levels), dtype=bool)].min() > 60


def test_a_title_wider_than_its_figure_is_not_cut_off():
    narrow = new_axes(width=2.0, height=2.0)
    narrow.set_title("A sentence that is a good deal wider than two inches")
    width_pt = float(re.search(r'width="([\d.]+)pt"', to_svg(narrow.figure, ALT))[1])
    assert width_pt > 2.0 * 72
