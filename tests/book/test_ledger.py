"""The page of claims: every claim with its number, the filter, the links to the chapters and back."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from book._ext.ledger import BOX, chapter_link, claims_of_box, claims_text, opened, places
from helpers import ledger
from tests.book.conftest import HTML, PHONE, ROOT, WIDE, overflow, serious_violations

CLAIMS = ledger.claims()
BOXES = places(ROOT / "notebooks")


# --- the text -------------------------------------------------------------------------------------------------


def write_notebook(path: Path, *texts: str) -> None:
    cells = [{"cell_type": "markdown", "source": text.splitlines(keepends=True)} for text in texts]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")


def test_the_claims_of_a_box_stand_in_the_comment_on_its_first_line(tmp_path: Path):
    box = '<div class="checked">\n<!-- C063 C064 -->\n\n**Checked.** No.\n\n</div>'
    write_notebook(tmp_path / "04_llama.ipynb", "Before.\n\n" + box, "<!-- C001 -->\n\nno box", box)
    write_notebook(tmp_path / "07_positions.ipynb", box.replace("C063 ", ""))
    assert places(tmp_path) == {"C063": ["04_llama"], "C064": ["04_llama", "07_positions"]}


def test_every_box_of_the_book_names_claims_that_exist():
    assert set(BOXES) <= {claim.id for claim in CLAIMS}
    assert len(BOXES) >= 10


def test_a_claim_links_to_the_box_or_to_the_chapter_or_to_nothing():
    addresses = {"03_gpt": "../notebooks/03_gpt.html"}
    assert chapter_link("03_gpt", "c038", addresses) == '<a href="../notebooks/03_gpt.html#c038">GPT</a> (box)'
    assert chapter_link("03_gpt", "", addresses) == '<a href="../notebooks/03_gpt.html">GPT</a>'
    assert chapter_link("04_llama", "c063", addresses) == "LLaMA"


def test_a_chapter_whose_box_names_a_claim_is_among_its_chapters():
    text = claims_text({"C001": ["09_future"]}, {})
    assert 'id="c001" data-verdict="imprecise" data-chapters="01_concepts 02b_bert_and_t5 09_future"' in text


def test_a_box_gets_an_anchor_once_and_links_to_the_ledger_if_there_is_one():
    seen: set[str] = set()
    found = BOX.search('<div class="checked">\n<!-- C033, C045 -->\n')
    assert found
    first = opened(claims_of_box(found), {"C033", "C045"}, seen, "../book/ledger.html")
    assert '<span id="c033"></span><span id="c045"></span>' in first
    assert '<a href="../book/ledger.html#c045">C045</a>' in first
    assert opened(["C033"], {"C033"}, seen, None) == '<div class="checked">'
    assert opened(["C999"], {"C033"}, seen, "x") == '<div class="checked">'


# --- the page -------------------------------------------------------------------------------------------------


@pytest.fixture
def opened_at(page: Page, site: str) -> Callable[..., Page]:
    """Open the ledger at a place of it."""

    def at(place: str = "") -> Page:
        page.goto("about:blank")  # from one place of a page to another a browser does not load it again
        page.goto(f"{site}book/ledger.html{place}")
        expect(page.locator(".ledger form")).to_be_visible()
        return page

    return at


def shown(page: Page) -> list[str]:
    """The claims one can see, by number."""
    return page.locator("div.claim:visible .claim-head a").all_inner_texts()


def field(page: Page, name: str) -> Locator:
    """One of the lists."""
    return page.locator(".ledger").get_by_label(name)


def numbers_of(**wanted: str) -> list[str]:
    """The claims with these words."""
    return [claim.id for claim in CLAIMS if all(getattr(claim, name) == word for name, word in wanted.items())]


def test_every_claim_has_an_anchor_its_verdict_and_its_numbers(opened_at: Callable[..., Page]):
    page = opened_at()
    assert shown(page) == [claim.id for claim in CLAIMS]
    for claim in CLAIMS:
        card = page.locator(f"#{claim.id.lower()}")
        assert card.locator(".claim-verdict").inner_text() == claim.verdict
        assert card.locator(".claim-numbers li").all_inner_texts() == [str(number) for number in claim.numbers()]
    assert page.locator(".ledger-count").inner_text() == f"{len(CLAIMS)} of {len(CLAIMS)} claims shown"


def test_a_verdict_is_chosen_with_the_keyboard_and_stands_in_the_address(opened_at: Callable[..., Page]):
    page = opened_at()
    field(page, "Verdict").focus()
    page.keyboard.type("wrong")
    wanted = numbers_of(verdict="wrong")
    expect(page.locator(".ledger-count")).to_have_text(f"{len(wanted)} of {len(CLAIMS)} claims shown")
    assert shown(page) == wanted
    assert page.url.endswith("#verdict=wrong")
    expect(page.get_by_role("status")).to_have_text(re.compile("claims shown"))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show all")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".ledger-count")).to_have_text(f"{len(CLAIMS)} of {len(CLAIMS)} claims shown")
    expect(field(page, "Chapter")).to_be_focused()
    assert "#" not in page.url


def test_chapter_and_verdict_together_and_sections_without_a_claim_go(opened_at: Callable[..., Page]):
    page = opened_at()
    field(page, "Chapter").select_option("03_gpt")
    field(page, "Verdict").select_option("wrong")
    wanted = [c.id for c in CLAIMS if c.verdict == "wrong" and "03_gpt" in [*c.chapters, *BOXES.get(c.id, [])]]
    assert shown(page) == wanted
    assert "C038" in wanted
    assert page.locator("article h2:visible").all_inner_texts() == ["3 The GPT series"]
    assert page.url.endswith("#chapter=03_gpt&verdict=wrong")


def test_an_address_with_a_choice_opens_with_it_and_nonsense_shows_all(opened_at: Callable[..., Page]):
    page = opened_at("#verdict=unverifiable&sure=secondary")
    assert shown(page) == numbers_of(verdict="unverifiable", sure="secondary") == ["C040"]
    expect(field(page, "Verdict")).to_have_value("unverifiable")
    assert len(shown(opened_at("#verdict=nonsense"))) == len(CLAIMS)


def test_a_choice_that_fits_nothing_says_so(opened_at: Callable[..., Page]):
    page = opened_at("#chapter=03b_sampling&verdict=unverifiable&sure=secondary")
    assert shown(page) == []
    expect(page.locator(".ledger-count")).to_contain_text("No claim fits all of this.")


def test_a_link_to_a_hidden_claim_shows_it(opened_at: Callable[..., Page]):
    page = opened_at("#verdict=right")
    expect(page.locator("#c063")).to_be_hidden()
    page.evaluate("() => { location.hash = 'c063'; }")
    expect(page.locator("#c063")).to_be_in_viewport()
    assert len(shown(page)) == len(CLAIMS)


def test_links_from_the_ledger_to_the_boxes_and_back_lead_somewhere(opened_at: Callable[..., Page], site: str):
    page = opened_at()
    links = page.locator(".claim-chapters a").evaluate_all("all => all.map(a => a.href)")
    assert any("#" in link for link in links)
    pages: dict[str, str] = {}
    for link in {*links, *page.locator(".claim p a.reference").evaluate_all("all => all.map(a => a.href)")}:
        path, _, anchor = link.removeprefix(site).partition("#")
        text = pages.setdefault(path, (HTML / path).read_text(encoding="utf-8"))
        assert not anchor or len(re.findall(f'id="{anchor}"', text)) == 1, link
    page.locator("#c038 .claim-chapters a").click()
    page.wait_for_url("**/notebooks/03_gpt.html#c038")
    expect(page.get_by_text("That is the compressed plain text of Common Crawl")).to_be_in_viewport()
    page.locator(".checked-claims").get_by_role("link", name="C038").click()
    page.wait_for_url("**/book/ledger.html#c038")
    expect(page.locator("#c038")).to_be_in_viewport()


def test_without_scripts_every_claim_is_there(browser: Browser, site: str):
    context = browser.new_context(viewport=WIDE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}book/ledger.html")
    assert len(shown(page)) == len(CLAIMS)
    assert page.locator(".ledger select").count() == 0
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everyone_can_use_the_ledger(opened_at: Callable[..., Page], theme: str):
    page = opened_at("#chapter=04_llama")
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    assert serious_violations(page) == []
    page.set_viewport_size(PHONE)
    assert overflow(page) <= 0
    heights = page.locator(".ledger select, .ledger button").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44
