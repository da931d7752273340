"""Plotly figures and attention views of the built chapter are alive without a kernel and without a network."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

CHAPTER = "notebooks/03_gpt.html"
RUNTIME = Path(__file__).resolve().parents[2] / "book" / "_static" / "widgets.js"


@pytest.fixture
def chapter(page: Page, site: str) -> Page:
    page.goto(site + CHAPTER)
    return page


def drawn(box: Locator) -> Locator:
    box.scroll_into_view_if_needed()
    expect(box.locator("svg").first).to_be_visible(timeout=15_000)
    return box


@pytest.fixture
def attention_map(chapter: Page) -> Locator:
    for box in chapter.locator(".book-plotly").all():
        expect(drawn(box)).to_have_attribute("data-state", "drawn", timeout=15_000)
    box = chapter.locator(".book-plotly:has(.book-plotly-menu)").first
    box.scroll_into_view_if_needed()
    return box


def test_every_plotly_figure_is_drawn_and_has_a_name(chapter: Page):
    boxes = chapter.locator(".book-plotly")
    assert boxes.count() > 0
    for box in boxes.all():
        expect(drawn(box)).to_have_attribute("data-state", "drawn", timeout=15_000)
        assert len(box.get_attribute("aria-label") or "") >= 20


def test_plotly_is_not_loaded_before_a_figure_comes_near(page: Page, site: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site + "book/welcome.html")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "plotly" in url]


def test_choosing_another_head_changes_the_map_and_its_title(attention_map: Locator):
    title, heat = attention_map.locator(".gtitle"), attention_map.locator(".hm image, .hm path").first
    before = heat.evaluate("element => element.outerHTML")
    options = attention_map.get_by_role("combobox").locator("option").all_inner_texts()
    attention_map.get_by_role("combobox").select_option(index=len(options) - 1)
    expect(title).to_have_text(re.compile(options[-1], re.IGNORECASE))
    assert heat.evaluate("element => element.outerHTML") != before


def test_pointing_at_a_cell_says_who_looks_at_whom(chapter: Page, attention_map: Locator):
    ground = attention_map.locator(".nsewdrag").first.bounding_box()
    assert ground is not None
    chapter.mouse.move(ground["x"] + 8, ground["y"] + 8)
    expect(attention_map.locator(".hoverlayer")).to_contain_text("looks at")


def test_a_figure_follows_the_theme(chapter: Page, attention_map: Locator):
    title = attention_map.locator(".gtitle")
    light = title.evaluate("element => getComputedStyle(element).fill")
    chapter.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    expect(title).not_to_have_css("fill", light)


def test_every_attention_view_is_drawn(chapter: Page):
    views = chapter.locator(".book-attention-view")
    kinds = set()
    for view in views.all():
        assert drawn(view).locator("svg line").count() > 10
        kinds.add((view.get_attribute("data-view") or "").split("-")[0])
    assert "head_view" in kinds


def test_the_lists_of_an_attention_view_choose_the_layer(chapter: Page):
    view = drawn(chapter.locator('.book-attention-view[data-view^="head_view"]').first)
    opacities = "lines => lines.map(line => line.getAttribute('stroke-opacity')).join()"
    before = view.locator("svg line").evaluate_all(opacities)
    layers = view.get_by_role("combobox", name="Layer")
    layers.select_option(index=0 if layers.input_value() == "1" else 1)
    assert view.locator("svg line").evaluate_all(opacities) != before


COUNTER = """
export default {
  initialize({ model }) { model.set("initialized", (model.get("initialized") || 0) + 1); },
  async render({ model, el }) {
    const other = await model.widget_manager.get_model(model.get("other"));
    const button = document.createElement("button");
    const paint = () => {
      const bytes = new Uint8Array(model.get("data").buffer);
      button.textContent = [model.get("n"), other.get("name"), bytes.join(","), model.get("initialized")].join(" ");
    };
    button.addEventListener("click", () => { model.set("n", model.get("n") + 1); model.save_changes(); });
    model.on("change:n", paint);
    paint();
    el.append(button);
  },
};
"""


def widget(code: str, **state: Any) -> dict[str, Any]:
    return {"model_module": "anywidget", "model_name": "AnyModel", "state": {"_esm": code, **state}}


@pytest.fixture
def small_page(page: Page):
    """Open a page that holds these states and a view of each of these models, drawn by the book's own script."""

    def opened(states: dict[str, Any], views: list[str]) -> Page:
        kinds = "application/vnd.jupyter.widget-{}+json"
        state = f'<script type="{kinds.format("state")}">{json.dumps({"state": states})}</script>'
        marks = [f'<script type="{kinds.format("view")}">{json.dumps({"model_id": name})}</script>' for name in views]
        html = f"<!doctype html><body>{state}{''.join(marks)}<script>{RUNTIME.read_text(encoding='utf-8')}</script>"
        page.route("http://small.page/", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto("http://small.page/")
        return page

    return opened


def test_two_views_of_one_widget_share_its_model(small_page):
    buffers = [{"path": ["data"], "data": base64.b64encode(bytes([1, 2, 255])).decode()}]
    states = {
        "a": widget(COUNTER, n=3, data=None, other="IPY_MODEL_b") | {"buffers": buffers},
        "b": widget("", name="friend"),
    }
    buttons = small_page(states, ["a", "a"]).locator("button")
    expect(buttons).to_have_text(["3 friend 1,2,255 1"] * 2)
    buttons.first.click()
    expect(buttons).to_have_text(["4 friend 1,2,255 1"] * 2)


def test_a_widget_that_fails_says_so_in_its_place_and_leaves_the_others_alone(small_page):
    broken = "export default { render() { throw new Error('no bars today'); } };"
    good = "export default { render({ el }) { el.textContent = 'fine'; } };"
    states = {"broken": widget(broken), "good": widget(good)}
    places = small_page(states, ["broken", "missing", "good"]).locator(".book-widget")
    expect(places.nth(0)).to_contain_text("could not be drawn (no bars today). Run the notebook")
    expect(places.nth(1)).to_contain_text("the page does not hold its state")
    expect(places.nth(2)).to_have_text("fine")
