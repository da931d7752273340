"""Every page of the built book, in a real browser: self-contained, silent, light, and open to everyone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from helpers.widgets.page import STATE, VIEW
from tests.book.conftest import HTML, WIDE, settle

PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
BUDGET_KB = 600
BUDGET_WITH_LIVE_MODEL_KB = 2500
DRAWN_AT_ONCE_PX = WIDE["height"] + 1000  # _static/widgets.js draws what is so near the screen

every_page = pytest.mark.parametrize("path", PAGES or ["index.html"])
light_and_dark = pytest.mark.parametrize("scheme", ["light", "dark"])


@every_page
@light_and_dark
def test_a_page_asks_nobody_but_its_own_site(visit: Callable, site: str, path: str, scheme: str):
    seen = visit(path, scheme).requests
    assert any(url.startswith(site) for url in seen)
    assert [url for url in seen if not url.startswith((site, "data:", "blob:"))] == []


@every_page
@light_and_dark
def test_everything_a_page_asks_for_is_there(visit: Callable, path: str, scheme: str):
    assert visit(path, scheme).failed == []


@every_page
@light_and_dark
def test_a_page_reports_no_error(visit: Callable, path: str, scheme: str):
    assert visit(path, scheme).errors == []


@every_page
def test_every_image_has_a_text_for_those_who_cannot_see_it(visit: Callable, path: str):
    assert visit(path, "light").images_without_alt == []


@every_page
def test_figures_of_a_page_say_what_they_show(visit: Callable, path: str):
    assert [text for text in visit(path, "light").texts_of_figures if len(text) < 20] == []


@every_page
@light_and_dark
def test_axe_finds_nothing_serious(visit: Callable, path: str, scheme: str):
    assert visit(path, scheme).violations == []


@every_page
def test_a_page_fits_a_phone(visit: Callable, path: str):
    assert visit(path, "light").overflow_px <= 0


TOPS_OF_LIVE_WIDGETS = """([state, view]) => {
    const read = (kind) => [...document.querySelectorAll(`script[type="${kind}"]`)]
        .map((script) => [JSON.parse(script.textContent), script.nextElementSibling]);
    const states = Object.assign({}, ...read(state).map(([data]) => data.state));
    return read(view).filter(([{ model_id }]) => states[model_id].state.checkpoint)
        .map(([_, place]) => place.getBoundingClientRect().top);
}"""


def begins_with_a_live_model(browser: Browser, address: str) -> bool:
    """Whether a widget with a shipped model stands on the first screens of a page."""
    page = browser.new_page(viewport=WIDE)
    page.goto(address)
    settle(page)
    tops = page.evaluate(TOPS_OF_LIVE_WIDGETS, [STATE, VIEW])
    page.close()
    return min(tops, default=DRAWN_AT_ONCE_PX) < DRAWN_AT_ONCE_PX


@every_page
def test_the_first_visit_of_a_page_is_light(visit: Callable, browser: Browser, site: str, path: str):
    transferred = visit(path, "light").transferred
    heaviest = sorted(transferred.items(), key=lambda item: -item[1])[:6]
    fetches = any(name.startswith("models/") for name in transferred)
    may_fetch = fetches and begins_with_a_live_model(browser, site + path)
    assert sum(transferred.values()) / 1000 < (BUDGET_WITH_LIVE_MODEL_KB if may_fetch else BUDGET_KB), heaviest


def test_the_root_of_the_site_leads_to_the_welcome_page(page: Page, site: str):
    page.goto(site)
    page.wait_for_url("**/book/welcome.html")
    expect(page.locator("article h1")).to_contain_text("From GPT to LLaMA")


def test_search_finds_a_word_and_its_page(page: Page, site: str):
    page.goto(site + "book/welcome.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("glossary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=glossary*")
    results = page.locator("#search-results ul.search li a")
    expect(results.first).to_be_visible()
    assert any("book/glossary.html" in (link.get_attribute("href") or "") for link in results.all())


def test_search_says_so_when_a_word_is_nowhere(page: Page, site: str):
    page.goto(site + "search.html?q=xylophonically")
    expect(page.locator("#search-results")).to_contain_text(re.compile("did not match"))


def test_the_button_switches_between_light_and_dark(page: Page, site: str):
    page.goto(site + "book/notation.html")
    root, button = page.locator("html"), page.locator("button.theme-switch-button:visible").first
    background = "() => getComputedStyle(document.body).backgroundColor"
    expect(root).to_have_attribute("data-theme", "light")
    light = page.evaluate(background)
    for _ in range(3):  # auto, light, dark in the theme's own order
        button.click()
        if root.get_attribute("data-theme") == "dark":
            break
    expect(root).to_have_attribute("data-theme", "dark")
    assert page.evaluate(background) != light


def test_formulas_are_set_as_formulas(page: Page, site: str):
    page.goto(site + "book/notation.html")
    expect(page.locator("mjx-container").first).to_be_visible()
    assert "\\frac" not in page.locator("main").inner_text()
