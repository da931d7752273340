"""The RoPE explorer in a page: what a reader sees equals what helpers.positions computes."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from helpers.positions import rope_frequencies
from helpers.widgets.rope_explorer import RANGES, SCALINGS, RopeExplorer
from tests.book.conftest import Visit, overflow, record, serious_violations


def control(box: Locator, name: str) -> Locator:
    return box.locator(f'[data-control="{name}"]')


def number(box: Locator, name: str) -> float:
    """A number that the sentence carries: the score, the distance."""
    return float(box.locator(".tool-status").get_attribute(f"data-{name}") or "nan")


def dials(box: Locator) -> list[dict[str, Any]]:
    """Every dial: its numbers, its marks, and the directions of its hands in radians, clockwise from the top."""
    return box.locator(".rx-dial").evaluate_all(
        """all => all.map(node => {
            const angle = (name) => {
                const [x, y] = node.querySelector(name).getAttribute("d").split("L")[1].split(" ").map(Number);
                return (Math.atan2(x, -y) + 2 * Math.PI) % (2 * Math.PI);
            };
            return {query: angle(".rx-query"), key: angle(".rx-key"), wavelength: +node.dataset.wavelength,
                    angle: +node.dataset.angle, slowed: node.querySelector(".rx-slowed").textContent,
                    isNew: node.querySelector(".rx-new").offsetWidth > 0};
        })"""
    )


def turned(explorer: RopeExplorer, position: int) -> list[float]:
    """Where the library's hands stand."""
    return [position * speed % math.tau for speed in explorer.rule.frequencies(explorer.d_head, explorer.base).tolist()]


def assert_same_direction(seen: float, expected: float) -> None:
    assert abs((seen - expected + math.pi) % math.tau - math.pi) < 2e-3


def assert_follows(box: Locator, explorer: RopeExplorer) -> None:
    """The page shows the positions, the dials and the score that the library has for the explorer's traits."""
    shown = dials(box)
    assert len(shown) == explorer.d_head // 2
    places = (explorer.query_position, explorer.key_position)
    for hand, position in zip(("query", "key"), places, strict=True):
        for dial, expected in zip(shown, turned(explorer, position), strict=True):
            assert_same_direction(dial[hand], expected)
    plain = rope_frequencies(explorer.d_head, explorer.base).tolist()
    speeds = explorer.rule.frequencies(explorer.d_head, explorer.base).tolist()
    for dial, unscaled, speed in zip(shown, plain, speeds, strict=True):
        assert dial["wavelength"] == pytest.approx(math.tau / speed, rel=1e-5)
        assert bool(dial["slowed"]) == (unscaled / speed > 1.005)
        seen = (explorer.trained_length - 1) * unscaled
        assert dial["isNew"] == (seen < math.tau and dial["angle"] > seen + 1e-6)
    assert number(box, "score") == pytest.approx(explorer.score, abs=1e-4)


@pytest.fixture
def visit_of(page: Page) -> Visit:
    """What goes wrong in the page."""
    visit = Visit()
    record(page, visit)
    return visit


def test_every_control_turns_the_dials_as_the_library_does(show: Callable[..., Locator], visit_of: Visit):
    explorer = RopeExplorer()
    box = show(explorer)
    assert_follows(box, explorer)
    expect(box.locator(".rx-found")).to_contain_text("4 of 8 pairs never turn once within the 256 tokens")
    for name, value in {"query_position": 901, "key_position": 0, "factor": 2.5}.items():
        setattr(explorer, name, value)
        control(box, name).fill(str(value), force=True)
        assert_follows(box, explorer)
    for word in SCALINGS:
        explorer.scaling = word
        control(box, "scaling").select_option(value=word)
        assert control(box, "factor").is_disabled() == (word == "none")
        assert_follows(box, explorer)
    for base in (500.0, 1_000_000.0):
        explorer.base = base
        control(box, "base").select_option(value=f"{base:.0f}")
        assert_follows(box, explorer)
    explorer.key_position = 950
    control(box, "key_position").fill("950")
    assert_follows(box, explorer)
    assert visit_of.errors == []


def test_moving_both_turns_every_hand_and_leaves_the_score(show: Callable[..., Locator], page: Page):
    explorer = RopeExplorer()
    box = show(explorer)
    before, score = dials(box), number(box, "score")
    control(box, "both").fill("137")
    after = dials(box)
    for old, new in zip(before, after, strict=True):
        assert new["query"] != old["query"]
        assert new["angle"] == pytest.approx(old["angle"], abs=1e-9)
    assert number(box, "score") == score
    status = box.locator(".tool-status")
    expect(status).to_contain_text("Both moved by +37")
    control(box, "both").focus()
    page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("Both moved by +38")
    assert (control(box, "query_position").input_value(), control(box, "key_position").input_value()) == ("738", "138")
    control(box, "query_position").focus()
    page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("601 tokens apart")
    assert number(box, "score") != score


def test_a_finger_on_the_curve_chooses_the_distance(show: Callable[..., Locator], page: Page):
    box = show(RopeExplorer())
    curve = box.locator(".rx-curve")
    curve.scroll_into_view_if_needed()
    shape = curve.bounding_box()
    assert shape is not None
    page.mouse.move(shape["x"] + shape["width"] / 2, shape["y"] + 60)
    page.mouse.down()
    assert number(box, "distance") == pytest.approx(512, abs=25)
    page.mouse.move(shape["x"] + shape["width"] + 40, shape["y"] + 60)
    page.mouse.move(shape["x"] + shape["width"] - 2, shape["y"] + 60)
    page.mouse.up()
    assert number(box, "distance") == 1024
    assert (control(box, "query_position").input_value(), control(box, "key_position").input_value()) == ("1024", "0")
    dot = box.locator(".rx-dot")
    assert float(dot.get_attribute("cx") or 0) == pytest.approx(shape["width"] - 6, abs=1)


def test_the_sentence_and_the_table_say_which_dials_are_at_new_angles(show: Callable[..., Locator]):
    box = show(RopeExplorer(query_position=1100))
    found, picture = box.locator(".rx-found"), box.locator(".rx-dials")
    control(box, "scaling").select_option("ntk")
    expect(found).to_have_text(
        "4 of 8 pairs never turn once within the 256 tokens of training. At distance 1,000, dials with an angle never "
        "seen there: 4 of 8 unscaled, 3 of 8 with NTK-aware by 4."
    )
    assert found.inner_text() in (picture.get_attribute("aria-label") or "")
    box.locator("summary").first.click()
    rows = box.locator("details").first.locator("tbody tr")
    expect(rows).to_have_count(8)
    answers = [row.locator("td").last.text_content() for row in rows.all()]
    assert answers == ["no" if dial["isNew"] else "yes" for dial in dials(box)]
    assert answers.count("no") == 3
    control(box, "query_position").fill("200")
    expect(found).to_contain_text("At a distance below 256, every angle was seen there.")
    assert not any(dial["isNew"] for dial in dials(box))


def test_a_page_shows_the_state_it_was_saved_with_whatever_it_is(show: Callable[..., Locator], visit_of: Visit):
    for settings in (
        {"d_head": 128, "base": 20_000.0, "trained_length": 8192, "query_position": 30_000, "scaling": "llama3"},
        {"d_head": 4, "base": 2.0, "trained_length": 2, "query_position": 0, "key_position": 5000, "scaling": "yarn"},
        {"d_head": 256, "base": 1e12, "trained_length": 1_000_000, "factor": 1000.0, "scaling": "ntk"},
    ):
        explorer = RopeExplorer(**settings)
        box = show(explorer)
        assert_follows(box, explorer)
        assert control(box, "base").evaluate("list => Number(list.value)") == explorer.base
        assert control(box, "query_position").input_value() == str(explorer.query_position)
    assert visit_of.errors == []


KERNEL = """async ([code, state]) => {
    const { default: widget } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const listeners = new Map();
    const tell = (name) => (listeners.get(`change:${name}`) ?? []).forEach((listener) => listener());
    const model = {
        get: (name) => state[name],
        set: (name, value) => { state[name] = value; tell(name); },
        save_changes: () => {},
        on: (names, listener) => names.split(" ").forEach(
            (name) => listeners.set(name, [...(listeners.get(name) ?? []), listener])),
        off: (names, listener) => names.split(" ").forEach(
            (name) => listeners.set(name, listeners.get(name).filter((other) => other !== listener))),
    };
    window.fromPython = (changes) => { Object.assign(state, changes); Object.keys(changes).forEach(tell); };
    const place = document.querySelector(".book-widget");
    place.replaceChildren();
    window.close = widget.render({ model, el: place });
}"""


def test_a_change_from_python_moves_the_widget_until_it_is_closed(show: Callable[..., Locator], page: Page):
    explorer = RopeExplorer()
    box = show(explorer)
    names = [*RANGES, "scaling", "labels"]
    page.evaluate(KERNEL, [explorer._esm, {name: getattr(explorer, name) for name in names}])
    for changes in (
        {"query_position": 750, "key_position": 150},
        {"scaling": "yarn", "factor": 12.0, "base": 30_000.0},
        {"d_head": 24, "trained_length": 100, "query_position": 5},
    ):
        for name, value in changes.items():
            setattr(explorer, name, value)
        page.evaluate("changes => window.fromPython(changes)", changes)
        assert_follows(box, explorer)
        if "key_position" in changes:
            expect(box.locator(".tool-status")).to_contain_text("Both moved by +50")
    assert control(box, "factor").input_value() == "12"
    assert control(box, "base").input_value() == "30000"
    page.evaluate("() => { window.close(); window.fromPython({ key_position: 3 }); }")
    assert_follows(box, explorer)


def test_the_focus_stays_where_it_is_when_python_changes_the_rules(show: Callable[..., Locator], page: Page):
    explorer = RopeExplorer(scaling="linear")
    box = show(explorer)
    page.evaluate(KERNEL, [explorer._esm, {name: getattr(explorer, name) for name in [*RANGES, "scaling", "labels"]}])
    control(box, "base").focus()
    page.evaluate("() => window.fromPython({ base: 12_345, d_head: 32 })")
    expect(control(box, "base")).to_be_focused()
    assert control(box, "base").input_value() == "12345"
    control(box, "factor").focus()
    page.evaluate("() => window.fromPython({ scaling: 'none' })")
    expect(control(box, "factor")).to_be_focused()
    control(box, "query_position").focus()
    page.keyboard.press("ArrowRight")
    expect(control(box, "factor")).to_be_disabled()


def test_screen_readers_are_told_one_finding_and_only_once_the_slider_rests(show: Callable[..., Locator], page: Page):
    box = show(RopeExplorer())
    status = box.locator('[role="status"]')
    expect(status).to_have_count(1)
    expect(status).to_have_attribute("aria-busy", "false")
    page.clock.install()
    control(box, "query_position").fill("400")
    expect(status).to_contain_text("300 tokens apart")
    expect(status).to_have_attribute("aria-busy", "true")
    page.clock.run_for(1000)
    expect(status).to_have_attribute("aria-busy", "false")


def test_numbers_are_written_in_the_language_of_the_page(show: Callable[..., Locator], page: Page, visit_of: Visit):
    box = show(RopeExplorer(scaling="linear", factor=2.5, key_position=20))
    status, found = box.locator(".tool-status"), box.locator(".rx-found")
    for language, distance, factor, sign in (
        ("de", "1.000", "2,5.", ","),
        ("en", "1,000", "2.5.", "."),
        ("no language!", "1,000", "2.5.", "."),
    ):
        page.evaluate("language => { document.documentElement.lang = language; }", language)
        control(box, "query_position").fill("700")
        control(box, "query_position").fill("1020")
        score = f"{number(box, 'score'):.3f}".replace("-", "−").replace(".", sign)
        expect(status).to_have_text(f"Query and key are {distance} tokens apart: score {score}. Now move both.")
        expect(found).to_contain_text(f"with linear (position interpolation) by {factor}")
        assert control(box, "query_position").get_attribute("aria-valuetext") == distance.replace("00", "02", 1)
    assert visit_of.errors == []


def test_it_is_for_everyone_in_light_and_dark_and_on_a_phone(show: Callable[..., Locator], page: Page):
    box = show(RopeExplorer(scaling="yarn"))
    controls = box.locator("input, select, summary")
    controls.first.focus()
    for index in range(controls.count()):
        assert controls.nth(index).evaluate("element => element === document.activeElement"), index
        page.keyboard.press("Tab")
    for label in ("Query at", "Key at", "Move both", "Factor"):
        expect(box.get_by_role("slider", name=label)).to_have_count(1)
    for label in ("Scaling rule", "Base"):
        expect(box.get_by_role("combobox", name=label)).to_have_count(1)
    box.locator("summary").first.click()
    for theme in ("light", "dark"):
        page.evaluate(f"() => {{ document.documentElement.dataset.theme = '{theme}'; }}")
        page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished))")  # the theme fades
        assert serious_violations(page) == []
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert overflow(page) <= 0
        assert box.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
        expect(box.locator(".rx-curve")).to_have_attribute("viewBox", f"0 0 {width - 60} 158")
    heights = controls.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 44
