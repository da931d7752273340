"""Plotly figures and attention views of the built chapter are alive without a kernel and without a network."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from helpers.viz import head_view, model_view, neuron_view
from helpers.viz.attention_views import own_code
from tests.book.conftest import serious_violations

CHAPTER = "notebooks/03_gpt.html"
ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "book" / "_static" / "widgets.js"


@pytest.fixture
def chapter(page: Page, site: str) -> Page:
    page.goto(site + CHAPTER)
    return page


def drawn(box: Locator) -> Locator:
    box.scroll_into_view_if_needed()
    expect(box.locator("svg").first).to_be_visible()
    return box


@pytest.fixture
def attention_map(chapter: Page) -> Locator:
    for box in chapter.locator(".book-plotly").all():
        expect(drawn(box)).to_have_attribute("data-state", "drawn")
    box = chapter.locator(".book-plotly:has(.book-plotly-menu)").first
    box.scroll_into_view_if_needed()
    return box


def test_every_plotly_figure_is_drawn_and_has_a_name(chapter: Page):
    boxes = chapter.locator(".book-plotly")
    assert boxes.count() > 0
    for box in boxes.all():
        expect(drawn(box)).to_have_attribute("data-state", "drawn")
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


TOKENS = ["Once", " there", " was", " a", " fox", " named", " Leo"]
ALT = "Lines from each token to the tokens it looks at"
RANDOM = np.random.default_rng(5)
WEIGHTS = np.tril(RANDOM.random((3, 2, 7, 7)) ** 3 + 1e-6)
WEIGHTS /= WEIGHTS.sum(-1, keepdims=True)
QUERIES, KEYS = RANDOM.normal(size=(2, 3, 2, 7, 4))

VIEWS = {
    "head": lambda: head_view(WEIGHTS, TOKENS, ALT, layer=1),
    "model": lambda: model_view(WEIGHTS, TOKENS, ALT),
    "neuron": lambda: neuron_view(WEIGHTS, QUERIES, KEYS, TOKENS, ALT, layer=2, head=1),
}


@pytest.fixture
def alone(page: Page):
    """A view in a page that holds nothing else and reaches nothing."""

    def opened(html: str) -> Locator:
        page.unroute_all()
        page.route("**/*", lambda route: route.abort())
        body = f"<!doctype html><html lang=en><title>A view</title><main><h1>A view</h1>{html}</main>"
        page.route("http://view.page/", lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
        page.goto("http://view.page/")
        view = page.locator(".book-attention-view")
        expect(view.locator("svg line").first).to_be_attached()
        return view

    return opened


def picture(view: Locator) -> list[Any]:
    """Every element of the picture: its name, its attributes and its text, without what helps the keyboard."""
    return view.evaluate(
        """box => [...box.querySelectorAll("svg, svg *")].map(node => [
            node.tagName,
            [...node.attributes].filter(a => !/^(data-on|data-lm-.*|role|tabindex|aria-.*)$/.test(a.name))
                .map(a => a.name + "=" + a.value).sort().join(" "),
            node.childElementCount ? "" : node.textContent,
        ])"""
    )


def play(view: Locator) -> list[list[Any]]:
    """The pictures that a reader sees one after the other: at first, after pointing, after clicks, after a choice."""
    seen = [picture(view)]
    for kind, what in [("mouseover", "text"), ("click", "rect"), ("mouseover", "text"), ("mouseleave", "text")]:
        parts = view.locator(f"svg {what}").locator("visible=true")
        for part in parts.all()[1::4][:4]:
            part.dispatch_event(kind)
            seen.append(picture(view))
    for chosen in view.locator("select").locator("visible=true").all():
        chosen.select_option(index=0)
        seen.append(picture(view))
    return seen


@pytest.mark.parametrize("kind", VIEWS)
def test_the_views_own_drawing_code_draws_what_d3_and_jquery_draw(alone, kind):
    ours = VIEWS[kind]().data
    own = own_code("selection.js").replace("</", "<\\/")
    assert own in ours
    libraries = [ROOT / "node_modules" / name for name in ("d3/dist/d3.min.js", "jquery/dist/jquery.min.js")]
    scripts = "".join(f"<script>{path.read_text(encoding='utf-8')}</script>" for path in libraries)
    theirs = scripts + ours.replace(own, "")
    drawn_by_us, drawn_by_them = play(alone(ours)), play(alone(theirs))
    assert len(drawn_by_us) == len(drawn_by_them) > 6
    assert len({json.dumps(one) for one in drawn_by_us}) > 3
    for number, (a, b) in enumerate(zip(drawn_by_us, drawn_by_them, strict=True)):
        assert a == b, f"picture {number} differs"


def test_the_keyboard_shows_what_the_pointer_shows(alone, page: Page):
    view = alone(VIEWS["head"]().data)
    view.locator('g[data-on*="mouseover"]').nth(3).hover()
    pointed = picture(view)
    page.mouse.move(0, 0)
    view.get_by_role("combobox").focus()
    page.keyboard.press("Tab")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "␣a"
    assert picture(view) == pointed
    page.keyboard.press("Tab")
    assert view.locator("line[visibility=visible]").count() == 0
    head = view.get_by_role("button", name="Head 0")
    expect(head).to_be_focused()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_opens_a_thumbnail_and_a_product(alone, page: Page):
    view = alone(VIEWS["model"]().data)
    view.get_by_role("button").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(view.get_by_role("button", name="Layer 1, head 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(view.locator("svg")).to_contain_text("Layer 1, Head 1")
    page.keyboard.press("Enter")
    expect(view.locator("svg")).not_to_contain_text("Layer 1, Head 1")
    view = alone(VIEWS["neuron"]().data)
    view.get_by_role("combobox", name="Head").focus()
    for press in ("Tab", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(press)
    expect(view.locator("[id=expanded]")).to_have_attribute("visibility", "visible")
    assert page.evaluate("document.activeElement.textContent") == "␣was"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "␣a"


@pytest.mark.parametrize("kind", VIEWS)
def test_the_table_says_whom_each_token_looks_at_most(alone, kind):
    view = alone(VIEWS[kind]().data)
    view.locator("summary").click()
    for layer in (0, 2):
        view.get_by_role("combobox", name="Layer").select_option(str(layer))
        rows = view.locator("table tr").evaluate_all("rows => rows.map(row => [...row.cells].map(c => c.textContent))")
        assert rows[0] == ["Token", "Head 0", "Head 1"]
        for query, (token, *cells) in enumerate(rows[1:]):
            best = WEIGHTS[layer, :, query].argmax(-1)
            seen = [
                f"{TOKENS[key].replace(' ', '␣')} {WEIGHTS[layer, head, query, key].round(3):.2f}"
                for head, key in enumerate(best)
            ]
            assert [token, *cells] == [TOKENS[query].replace(" ", "␣"), *seen]


@pytest.mark.parametrize("kind", VIEWS)
def test_a_view_is_open_to_all(alone, page: Page, kind):
    view = alone(VIEWS[kind]().data)
    view.locator("summary").click()
    assert serious_violations(page) == []


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
