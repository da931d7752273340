"""The sampling explorer in the built chapter: what a reader sees equals what helpers.sampling computes."""

import json
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from helpers.sampling import next_token_probs

CHAPTER = "notebooks/03_gpt.html"
PHONE = {"width": 320, "height": 640}

SETTINGS = [(1.0, 0, 1.0), (0.5, 0, 1.0), (2.5, 0, 1.0), (0.0, 0, 1.0), (1.0, 3, 1.0), (1.0, 0, 0.6), (0.8, 8, 0.9)]


@pytest.fixture
def explorer(page: Page, site: str) -> Locator:
    """The explorer of the chapter, drawn."""
    page.goto(site + CHAPTER)
    page.evaluate("() => document.querySelectorAll('.book-widget').forEach((place) => place.draw?.())")
    widget = page.locator(".sampling-explorer")
    expect(widget).to_be_visible()
    widget.scroll_into_view_if_needed()
    return widget


def contexts(page: Page) -> list[dict[str, Any]]:
    """The distributions that stand in the page."""
    text = page.locator('script[type="application/vnd.jupyter.widget-state+json"]').first.text_content()
    states = json.loads(text or "{}")["state"].values()
    return next(state["state"]["contexts"] for state in states if "contexts" in state["state"])


def control(explorer: Locator, name: str) -> Locator:
    return explorer.locator(f'[data-control="{name}"]')


def set_sliders(explorer: Locator, temperature: float, top_k: int, top_p: float) -> None:
    """Put the three sliders where the setting wants them, as a pointer would."""
    for name, value in {"temperature": temperature, "top_k": top_k, "top_p": top_p}.items():
        control(explorer, name).fill(str(value))


def rows(explorer: Locator) -> list[dict[str, Any]]:
    """Every row: its token, its numbers before and after, and how long its bars are as shares of the axis."""
    return explorer.locator("tbody").evaluate(
        """body => [...body.rows].map(row => {
            const track = row.querySelector(".se-track");
            const share = part => track.querySelector(part).getBoundingClientRect().width / track.clientWidth;
            return {token: row.dataset.token, before: +row.dataset.before, after: +row.dataset.after,
                    isCut: row.classList.contains("se-is-cut"),
                    beforeShare: share(".se-before"), afterShare: share(".se-after")};
        })"""
    )


def reference(context: dict[str, Any], t: float, k: int, p: float) -> dict[str, float]:
    logits = torch.tensor(context["logits"], dtype=torch.float64)
    return dict(zip(context["tokens"], next_token_probs(logits, t, k or None, p).tolist(), strict=True))


def chosen_context(explorer: Locator, page: Page) -> dict[str, Any]:
    name = control(explorer, "context").input_value()
    return next(context for context in contexts(page) if context["name"] == name)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_the_bars_equal_the_library_for_every_context(explorer: Locator, page: Page, setting: tuple):
    set_sliders(explorer, *setting)
    for context in contexts(page):
        control(explorer, "context").select_option(value=context["name"], force=True)
        after, before = reference(context, *setting), reference(context, 1.0, 0, 1.0)
        shown = [row for row in rows(explorer) if row["token"]]
        assert len(shown) >= 5
        for row in shown:
            assert row["after"] == pytest.approx(after[row["token"]], abs=1e-6)
            assert row["before"] == pytest.approx(before[row["token"]], abs=1e-6)
            assert row["isCut"] == (after[row["token"]] == 0)
        assert sum(row["after"] for row in rows(explorer)) == pytest.approx(1, abs=1e-9)


def test_the_length_of_a_bar_is_its_probability(explorer: Locator, page: Page):
    set_sliders(explorer, 0.7, 0, 0.9)
    page.wait_for_timeout(300)  # the bars glide for 120 ms
    end = float(explorer.locator(".se-ends span").last.inner_text())
    for row in rows(explorer):
        assert row["afterShare"] == pytest.approx(row["after"] / end, abs=0.01)
        assert row["beforeShare"] == pytest.approx(row["before"] / end, abs=0.02)


def test_the_sentence_counts_kept_tokens_and_their_entropy(explorer: Locator, page: Page):
    set_sliders(explorer, 1.3, 20, 0.8)
    probs = [p for p in reference(chosen_context(explorer, page), 1.3, 20, 0.8).values() if p > 0]
    probs = torch.tensor(probs, dtype=torch.float64)
    status = explorer.locator(".se-status")
    expect(status).to_contain_text(f"{len(probs)} of ")
    entropy = -(probs * probs.log()).sum().item()
    assert float(status.get_attribute("data-entropy") or "nan") == pytest.approx(entropy, abs=1e-6)


def test_arrow_keys_move_a_slider_and_the_bars_with_it(explorer: Locator, page: Page):
    slider = control(explorer, "temperature")
    slider.fill("1")
    before = rows(explorer)
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    assert float(slider.input_value()) == pytest.approx(0.8)
    expect(explorer.locator("output").first).to_have_text("0.80")
    assert rows(explorer)[0]["after"] > before[0]["after"]


def test_every_control_can_be_reached_by_tab_and_has_a_name(explorer: Locator, page: Page):
    controls = explorer.locator("input, select:visible, button")
    controls.first.focus()
    for index in range(controls.count()):
        assert controls.nth(index).evaluate("element => element === document.activeElement")
        page.keyboard.press("Tab")
    for label in ("Temperature", "Top-k", "Top-p"):
        expect(explorer.get_by_role("slider", name=label)).to_have_count(1)


def test_draws_follow_the_distribution_and_the_seed(explorer: Locator, page: Page):
    set_sliders(explorer, 1.0, 3, 1.0)
    many = explorer.locator('[data-action="sample-many"]')
    tallies = []
    for _ in range(2):
        for _ in range(5):
            many.click()
        tallies.append([int(text.split()[0]) for text in explorer.locator(".se-tally").all_inner_texts()[:3]])
        explorer.locator('[data-action="reset"]').click()
        set_sliders(explorer, 1.0, 3, 1.0)
    assert tallies[0] == tallies[1]
    assert sum(tallies[0]) == 500
    expected = [500 * row["after"] for row in rows(explorer)[:3]]
    chi_square = sum((seen - e) ** 2 / e for seen, e in zip(tallies[0], expected, strict=True))
    assert chi_square < 13.8  # 2 degrees of freedom, p = 0.001


def test_one_draw_names_the_token(explorer: Locator):
    set_sliders(explorer, 0.0, 0, 1.0)
    explorer.locator('[data-action="sample"]').click()
    best = rows(explorer)[0]["token"].replace(" ", "␣")
    expect(explorer.locator(".se-drawn")).to_have_text(f"Last draw: {best} · 1 draws so far")


def test_it_fits_a_phone_and_fingers(explorer: Locator, page: Page):
    page.set_viewport_size(PHONE)
    box = explorer.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert explorer.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    heights = explorer.locator("input, button").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 44
    set_sliders(explorer, 0.5, 0, 1.0)
    expect(explorer.locator("output").first).to_have_text("0.50")


def test_the_text_can_be_read_in_the_dark(explorer: Locator, page: Page):
    def contrast() -> float:
        light, dark = sorted(map(luminance, colours(explorer)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    assert contrast() > 7
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    assert contrast() > 7


def colours(explorer: Locator) -> list[str]:
    """Ink of the status line and the ground of the page."""
    return explorer.evaluate(
        """element => [getComputedStyle(element.querySelector(".se-status")).color,
                       getComputedStyle(document.body).backgroundColor]"""
    )


def luminance(colour: str) -> float:
    """Relative luminance of an rgb() colour, after WCAG 2.2."""
    channels = [int(part) / 255 for part in colour[4:-1].split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
