"""The loss explorer in a page of the book: what it draws and says equals what numpy makes of the same curves."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from helpers.widgets.loss_explorer import LABELS, UNITS, LossExplorer
from tests.book.conftest import errors_of, overflow, serious_violations

STEPS = np.arange(5, 600, 10)
LEVELS = {"uniform": 6.93, "unigram": 5.24, "bigram": 2.11, "floor": 0.34}
FLOOR = LEVELS["floor"]

Show = Callable[..., Locator]


def falling(seed: int, scale: float = 60.0) -> tuple[np.ndarray, np.ndarray]:
    """A noisy curve that falls from ignorance to just above the floor."""
    noise = np.random.default_rng(seed).standard_normal(len(STEPS))
    return STEPS, (0.6 + 6.5 * np.exp(-STEPS / scale) * (1 + 0.05 * noise) + 0.03 * abs(noise)).round(4)


RUNS = {"this run": falling(0)}
SEEDS = {f"seed {seed}": falling(seed, 60 + 4 * (seed - 102)) for seed in (101, 102, 103)}
SAID = {
    "nats": lambda nats: nats,
    "bits": lambda nats: nats / np.log(2),
    "perplexity": np.exp,
    "gap": lambda nats: nats - FLOOR,
}


def widget(**settings: Any) -> LossExplorer:
    return LossExplorer(RUNS, LEVELS, recorded=SEEDS, **settings)


def control(box: Locator, name: str) -> Locator:
    return box.locator(f'[data-control="{name}"]')


def smoothed(curve: tuple[np.ndarray, np.ndarray], window: int) -> np.ndarray:
    steps, losses = curve
    return np.array([losses[(step - window < steps) & (step >= steps)].mean() for step in steps])


def said(box: Locator) -> tuple[int, float]:
    """The step and the number of the sentence."""
    text = box.locator(".tool-status").inner_text()
    step, value = re.match(r"At step (\d+), .*?(?:costs|among) ([\d.]+) ", text).groups()
    return int(step), float(value)


def table(box: Locator) -> list[list[str]]:
    return box.locator(".tool-table tbody").evaluate(
        "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent))"
    )


def test_the_sentence_and_the_table_equal_numpy_in_every_unit_smoothed_or_not(page: Page, show: Show):
    errors, box = errors_of(page), show(widget())
    box.locator("summary").click()
    curves = list((RUNS | SEEDS).values())
    for unit in UNITS:
        control(box, "unit").select_option(index=UNITS.index(unit))
        for window in (1, 40):
            control(box, "smoothing").fill(str(window))
            control(box, "step").fill("300")
            step, value = said(box)
            index = int(np.where(step == STEPS)[0][0])
            assert value == pytest.approx(SAID[unit](smoothed(RUNS["this run"], window)[index]), rel=0.006, abs=0.0051)
            rows = table(box)
            assert len(rows) == 10 + 3
            for row in rows[:10]:
                index = int(np.where(int(row[0]) == STEPS)[0][0])
                expected = [SAID[unit](smoothed(curve, window)[index]) for curve in curves]
                assert [float(cell) for cell in row[1:]] == pytest.approx(expected, rel=0.006, abs=0.0051)
            passed = [STEPS[np.argmax(smoothed(curve, window) < LEVELS["bigram"])] for curve in curves]
            assert [int(cell) for cell in rows[-1][1:]] == passed
    assert errors == []


def test_the_sentence_says_what_was_passed_how_far_the_floor_is_and_that_the_run_is_normal(page: Page, show: Show):
    box = show(widget(step=305.0))
    nats = RUNS["this run"][1][30]
    seeds = [losses[30] for _, losses in SEEDS.values()]
    expect(box.locator(".tool-status")).to_have_text(
        f"At step 305, this run costs {nats:.2f} nats a token: past the bigram (2.11), "
        f"{nats - FLOOR:.2f} above the floor (0.34)."
    )
    place = "inside" if min(seeds) <= nats <= max(seeds) else "below" if nats < min(seeds) else "above"
    expect(box.locator(".le-among")).to_contain_text(f"{place} the range of the recorded runs, {min(seeds):.2f} to ")
    box.locator("summary").click()
    control(box, "step").press("Home")
    expect(box.locator(".tool-status")).to_contain_text("past uniform guessing (6.93)")
    bigram = STEPS[np.argmax(RUNS["this run"][1] < LEVELS["bigram"])]
    expect(box.locator(".le-note")).to_contain_text(f"the bigram at step {bigram}.")
    assert table(box)[-3][1] == "≤ 5"
    expect(box.locator(".le-ring")).to_have_count(2)  # it begins below the uniform level
    label = box.locator(".le-chart").get_attribute("aria-label") or ""
    assert box.locator(".tool-status").inner_text() in label


def test_a_distance_too_small_for_the_digits_is_none(page: Page, show: Show):
    recorded = {"a": ([0, 1], [1.0, 0.8]), "b": ([0, 1], [1.0, 0.7])}
    box = show(LossExplorer({"mine": ([0, 1], [1.0, 0.8004])}, {}, recorded=recorded, step=1))
    expect(box.locator(".le-among")).to_have_text("That is inside the range of the recorded runs, 0.70 to 0.80.")


def test_levels_are_named_in_the_readers_language_in_the_picture_and_in_the_table(page: Page, show: Show):
    box = show(widget(labels=LABELS | {"mark_bigram": "二元", "mark_floor": "下限", "level_value": "{level}：{value}"}))
    box.locator("summary").click()
    for name in ("二元：2.11", "下限：0.34"):
        expect(box.locator(".le-chart").get_by_text(name, exact=True)).to_have_count(1)
    assert table(box)[-1][0] == "first step below 二元：2.11"


def test_what_is_found_is_read_out_when_the_cursor_rests(page: Page, show: Show):
    box = show(widget())
    for region in (box.locator(".tool-status"), box.locator(".le-among")):
        expect(region).to_have_attribute("role", "status")
        expect(region).to_have_attribute("aria-busy", "false")
        control(box, "step").press("ArrowLeft")
        assert region.get_attribute("aria-busy") == "true"
        expect(region).to_have_attribute("aria-busy", "false")


def heights(box: Locator) -> dict[str, float]:
    """Pixels of the levels' lines and of the cursor's dots, by their place in the list of runs."""
    return box.locator(".le-chart").evaluate(
        """svg => Object.fromEntries([
            ...[...svg.querySelectorAll(".le-level")].map(line => [line.dataset.level, +line.getAttribute("y1")]),
            ...[...svg.querySelectorAll(".le-cursor circle")].map((dot, i) => [String(i), +dot.getAttribute("cy")])])"""
    )


def test_heights_in_the_picture_are_the_losses(page: Page, show: Show):
    box = show(widget(step=105.0))
    for unit in UNITS:
        control(box, "unit").select_option(index=UNITS.index(unit))
        control(box, "is_log").set_checked(unit == "bits")
        drawn = heights(box)
        rule = (lambda nats: np.log(nats - FLOOR)) if unit == "gap" else (lambda nats: nats)
        top, bottom = rule(LEVELS["uniform"]), rule(LEVELS["bigram"])
        slope = (drawn["bigram"] - drawn["uniform"]) / (bottom - top)
        for place, (_, losses) in enumerate((RUNS | SEEDS).values()):
            assert drawn[str(place)] == pytest.approx(drawn["uniform"] + slope * (rule(losses[10]) - top), abs=0.1)
        if unit != "gap":
            assert drawn["floor"] == pytest.approx(drawn["uniform"] + slope * (FLOOR - top), abs=0.1)
    assert "floor" not in drawn  # the gap's axis is logarithmic, so zero lies infinitely far down
    expect(box.locator(".le-chart")).to_contain_text("↓ floor 0")


def test_pointer_and_keys_move_the_cursor_and_a_press_picks_the_line_under_it(page: Page, show: Show):
    box = show(widget(step=15.0))
    chart = box.locator(".le-chart")
    frame = chart.bounding_box()
    assert frame is not None
    dots = chart.evaluate("svg => [...svg.querySelectorAll('.le-cursor circle')].map(dot => +dot.getAttribute('cy'))")
    seed = int(np.argmax(np.abs(np.array(dots) - dots[0])))  # the one farthest from this run
    x = float(chart.locator(".le-cursor line").get_attribute("x1") or "nan")
    page.mouse.click(frame["x"] + x, frame["y"] + dots[seed])
    name = list(RUNS | SEEDS)[seed]
    expect(box.locator(".tool-status")).to_contain_text(f"At step 15, {name} costs")
    assert control(box, "run").evaluate("select => select.selectedOptions[0].textContent") == name
    page.mouse.move(frame["x"] + frame["width"] - 5, frame["y"] + 100)
    assert said(box)[0] == STEPS[-1]
    rail = control(box, "step")
    for key, step in [
        ("ArrowLeft", 585),
        ("PageDown", 485),
        ("ArrowUp", 495),
        ("Home", 5),
        ("ArrowDown", 5),
        ("End", 595),
    ]:
        rail.press(key)
        assert said(box)[0] == step
    assert (rail.get_attribute("aria-valuetext") or "").startswith("step 595: ")
    expect(box.get_by_role("slider", name="training step")).to_have_count(1)


def test_the_slider_below_the_picture_follows_a_logarithmic_axis(page: Page, show: Show):
    box = show(widget())
    control(box, "is_log").check()
    control(box, "step").fill("500")
    assert abs(said(box)[0] - np.sqrt(5 * 595)) <= 5  # halfway in logarithms
    drawn = float(box.locator(".le-cursor line").get_attribute("x1") or "nan")
    rail = control(box, "step").evaluate(
        "input => [input.getBoundingClientRect().left - input.closest('.le-place').getBoundingClientRect().left,"
        " input.clientWidth, +input.value]"
    )
    assert rail[0] + 8 + (rail[1] - 16) * rail[2] / 1000 == pytest.approx(drawn, abs=2)


def test_the_run_of_the_sentence_is_always_drawn(page: Page, show: Show):
    box = show(widget())
    box.locator("summary").click()
    control(box, "shown-0").uncheck()
    expect(box.locator(".tool-status")).to_contain_text("seed 101 costs")
    expect(box.locator(".le-chart [data-run]")).to_have_count(3)
    control(box, "run").select_option("this run")
    expect(control(box, "shown-0")).to_be_checked()
    for place in (1, 2, 3):
        control(box, f"shown-{place}").uncheck()
    expect(box.locator(".le-among")).to_have_text("")
    control(box, "shown-0").click()
    expect(control(box, "shown-0")).to_be_checked()  # the last one stays
    expect(box.locator(".le-chart [data-run]")).to_have_count(1)
    assert len(table(box)[0]) == 2


def test_changes_from_python_move_the_view_and_the_view_reports_what_it_reads(page: Page, show: Show):
    show(widget())
    state = {name: value for name, value in widget().get_state().items() if not name.startswith("_")}
    state = {name: value for name, value in state.items() if name not in ("layout", "tabbable", "tooltip")}
    page.evaluate(
        """async ([code, state]) => {
            const calls = {};
            window.model = {
                get: name => state[name], save_changes() {}, 
                off: names => names.split(" ").forEach(name => delete calls[name]),
                on: (names, call) => names.split(" ").forEach(name => (calls[name] ||= []).push(call)),
                set(name, value) {
                    if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
                    state[name] = value;
                    (calls["change:" + name] || []).forEach(call => call());
                },
            };
            window.calls = calls;
            const place = document.createElement("div");
            place.id = "second";
            document.querySelector("article").append(place);
            const url = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
            window.finish = (await import(url)).default.render({model: window.model, el: place});
        }""",
        [LossExplorer._esm, state],
    )
    box = page.locator("#second .book-tool")

    def put(name: str, value: Any) -> None:
        page.evaluate("([name, value]) => model.set(name, value)", [name, value])

    for name, value in {"shown": ["seed 102"], "step": 400, "is_log": True}.items():
        put(name, value)
    expect(control(box, "is_log")).to_be_checked()
    share = np.log(395 / 5) / np.log(595 / 5)
    assert float(control(box, "step").input_value()) == pytest.approx(1000 * share, abs=1)
    put("unit", "perplexity")
    expect(box.locator(".tool-status")).to_contain_text("At step 395, seed 102 wavers as if among")
    assert page.evaluate("model.get('run')") == "seed 102"
    put("run", "seed 103")
    assert page.evaluate("model.get('shown')") == ["seed 102", "seed 103"]
    put("smoothing", 50)
    expected = np.exp(smoothed(SEEDS["seed 103"], 50)[39])
    assert page.evaluate("model.get('value')") == pytest.approx(expected, abs=1e-4)
    expect(box.locator(".le-note")).to_contain_text("the mean of the last 50 steps. It looks back only")
    expect(box.locator(".le-raw")).to_have_count(1)
    control(box, "step").press("End")
    assert page.evaluate("model.get('step')") == 595
    page.evaluate("finish()")
    assert page.evaluate("Object.keys(calls)") == []


def test_it_is_accessible_in_light_and_dark_and_all_of_it_is_reached_by_tab(page: Page, show: Show):
    box = show(widget(smoothing=30, unit="gap"))
    box.locator("summary").click()
    assert serious_violations(page) == []
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    page.wait_for_timeout(500)  # the theme's own colours glide
    assert serious_violations(page) == []
    controls = box.locator("input, select, summary")
    controls.first.focus()
    for place in range(controls.count()):
        assert controls.nth(place).evaluate("element => element === document.activeElement")
        page.keyboard.press("Tab")


def outside(chart: Locator) -> list[str]:
    """Words of the picture that stick out of the widget's box."""
    return chart.evaluate(
        """svg => { const frame = svg.closest(".book-tool").getBoundingClientRect();
            return [...svg.querySelectorAll("text")].filter(text => { const box = text.getBoundingClientRect();
                return box.left < frame.left || box.right > frame.right; }).map(text => text.textContent); }"""
    )


def test_on_a_phone_letters_keep_their_size_and_nothing_is_cut_off(page: Page, show: Show):
    box = show(widget(unit="perplexity"))
    chart = box.locator(".le-chart")
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        scale = "svg => Math.abs(svg.viewBox.baseVal.width - svg.clientWidth) < 1"
        page.wait_for_function(scale, arg=chart.element_handle())
        assert overflow(page) == 0
        assert outside(chart) == []
        sizes = chart.locator("text").evaluate_all("all => all.map(text => text.getBoundingClientRect().height)")
        assert min(sizes) >= 11
        targets = box.locator("input, select, summary").evaluate_all(
            "all => all.map(one => (one.closest('label') || one).getBoundingClientRect().height)"
        )
        assert min(targets) >= 24


def labels_overlap(box: Locator) -> bool:
    """Whether two of the names at the lines' right ends lie upon each other."""
    tops = box.locator(".le-leader + text").evaluate_all("all => all.map(text => +text.getAttribute('y'))")
    return bool((np.diff(sorted(tops)) < 13).any())


def test_strange_runs_are_drawn_without_a_complaint(page: Page, show: Show):
    errors = errors_of(page)
    long = "a name that is much too long for the margin of any picture " * 3
    strange = {
        "🦊 <b>bold</b> {step}": ([0], [0.2]),
        long: ([0, 10, 20], [5.0, 900.0, 1e5]),
        "flat": ([1, 2, 3, 4], [0.34] * 4),
    }
    box = show(LossExplorer(strange, LEVELS, smoothing=10**6, step=1e12))
    expect(box.locator(".tool-status")).to_contain_text("🦊 <b>bold</b> {step}")
    control(box, "unit").select_option("nats above the floor")
    expect(box.locator(".tool-status")).to_contain_text("costs 0.14 nats a token less than any predictor does")
    for unit in reversed(UNITS):
        control(box, "unit").select_option(index=UNITS.index(unit))
        for is_log in (True, False):
            control(box, "is_log").set_checked(is_log)
            assert "NaN" not in box.locator(".le-chart").inner_html()
            assert not labels_overlap(box)
    assert overflow(page) == 0
    expect(box.locator(".tool-status")).to_contain_text("0.14 below the floor (0.34), by luck")
    expect(box.locator(".le-note")).to_contain_text("a run dips below it only by the luck of its batches")
    box = show(LossExplorer({"all zero": ([0, 1], [0.0, 0.0])}, {}, is_log=True))
    expect(box.locator(".tool-status")).to_have_text("At step 1, all zero costs 0 nats a token.")
    expect(control(box, "unit").locator("option")).to_have_count(3)  # no floor, no distance to it
    assert errors == []
