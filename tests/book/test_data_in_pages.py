"""What a reader's data say, a page shows, and everything after them stands where it stood."""

from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page, expect

from helpers.viz import head_view
from helpers.viz.show import plotly_html
from helpers.widgets import SamplingExplorer
from helpers.widgets.page import page_html
from tests.book.conftest import TRIAL_PAGES

PAIR = ["<!--", "<script>"]  # together they make HTML read on past the end of the script that holds them
ALT = "Two words that a page could take for tags"
END = "<p id='end'>And so on.</p>"


def in_a_page(page: Page, site: str, content: str) -> None:
    """Open a page on trial that has only this, and the book's scripts."""
    scripts = "".join(f'<script src="../_static/{name}.js"></script>' for name in ("book", "widgets"))
    text = f"<!doctype html><html lang='en'><head>{scripts}</head><body>{content}{END}</body></html>"
    TRIAL_PAGES["trial-data.html"] = text.encode()
    page.goto(f"{site}book/trial-data.html")


def test_a_widget_may_hold_words_that_look_like_tags(show: Callable, page: Page):
    box = show(SamplingExplorer(PAIR, [1.0, 0.0]), SamplingExplorer(["after"], [0.0]))
    for word in PAIR:
        expect(box.locator("tbody")).to_contain_text(word)
    expect(page.locator(".book-widget")).to_have_count(2)


def test_every_kind_of_output_may_hold_them(page: Page, site: str):
    figure = {"data": [{"type": "bar", "x": PAIR, "y": [1, 2]}], "layout": {"height": 200}}
    view = head_view(np.tril(np.ones((1, 1, 2, 2))), PAIR, ALT).data
    widget = page_html(SamplingExplorer(PAIR, [1.0, 0.0]))
    in_a_page(page, site, plotly_html(figure, ALT) + view + widget)
    expect(page.locator("#end")).to_have_text("And so on.")
    expect(page.locator(".book-plotly .xtick").first).to_have_text(PAIR[0])
    expect(page.locator(".book-attention-view th[scope=row]")).to_have_text(PAIR)
    expect(page.locator(".sampling-explorer tbody")).to_contain_text(PAIR[1])
