"""Widgets share one style sheet, and a page with several holds it several times."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from helpers import widgets
from helpers.widgets.bundle import source

MAKE = {name: getattr(widgets, name) for name in widgets.__all__} | {
    "SamplingExplorer": lambda: widgets.SamplingExplorer([" fox", " owl"], [1.0, 0.0]),
    "LossExplorer": lambda: widgets.LossExplorer.from_record("gpt_on_tales"),
}

LOOK = """box => [box, ...box.querySelectorAll("*")].map((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const { color, backgroundColor, fontSize, padding, margin } = getComputedStyle(element);
    return [element.tagName, left, top, width, height, color, backgroundColor, fontSize, padding, margin].join(" ");
})"""


@pytest.mark.parametrize("name", MAKE)
def test_the_common_style_once_more_at_the_end_changes_nothing(show: Callable, page: Page, name: str):
    page.route("**/models/*", lambda route: None)  # the example stands still
    page.emulate_media(reduced_motion="reduce")
    box = show(MAKE[name]())
    for width in (1400, 375):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)
        before = box.evaluate(LOOK)
        page.add_style_tag(content=source("widget.css"))
        page.wait_for_timeout(150)
        after = box.evaluate(LOOK)
        assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == []
