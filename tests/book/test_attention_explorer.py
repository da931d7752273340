"""The attention explorer in a page of the book: what a reader sees equals what PyTorch computes."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from helpers import checkpoints
from helpers.widgets.attention_explorer import TEXT, AttentionExplorer
from tests.book.conftest import overflow, ready, serious_violations
from tests.widgets.test_attention_explorer import reference

TYPED = "Do you know Mia, the shy owl? Her aunt gave her a red"
ROWS = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"


def tokens(box: Locator) -> Locator:
    return box.get_by_role("radiogroup", name="Tokens").get_by_role("radio")


def heads(box: Locator) -> Locator:
    return box.get_by_role("radiogroup", name="Heads").get_by_role("radio")


def type_in(box: Locator, text: str, n_tokens: int) -> None:
    box.get_by_role("textbox").fill(text)
    expect(tokens(box)).to_have_count(n_tokens)


def weights(box: Locator) -> list[float]:
    """The chosen row, out of the table, which is filled while it is open."""
    if box.locator("details").get_attribute("open") is None:
        box.locator("summary").click()
    rows = box.locator(".tool-table tbody tr")
    expect(rows).not_to_have_count(0)
    return [float(cells[2].replace("<", "")) for cells in rows.evaluate_all(ROWS)]


def lens(box: Locator) -> list[list[str]]:
    """What stands in the logit lens: depth by depth, three guesses."""
    return [cells[1:] for cells in box.locator(".ax-lens tbody tr").evaluate_all(ROWS)]


def said(share: float) -> str:
    return "<\u00a01\u00a0%" if share < 0.005 else f"{round(100 * share)}\u00a0%"


def pixels(box: Locator, canvas: str) -> list[list[int]]:
    """How opaque each pixel of a map is, from 0 to 255."""
    found: list[list[int]] = box.locator(canvas).first.evaluate(
        """canvas => {
            const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const all = Array.from({ length: width }, (_, i) => i);
            return all.map(i => all.map(j => data[4 * (i * width + j) + 3]));
        }"""
    )
    return found


@pytest.mark.parametrize("name", ["gpt-tales", "llama-tales"])
def test_maps_and_lens_of_a_typed_text_equal_pytorch(show: Callable[..., Locator], page: Page, name: str):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    model, tokenizer = checkpoints.load(name)
    box = ready(show(AttentionExplorer(name)))
    ids = [tokenizer.eot_id, *tokenizer.encode(TYPED)]
    type_in(box, TYPED, len(ids))
    maps, chances = reference(model, tokenizer, TYPED)
    expect(heads(box)).to_have_count(maps.shape[0] * maps.shape[1])
    for at, token in ((0, len(ids) - 1), (maps.shape[1] + 1, 7), (maps.shape[0] * maps.shape[1] - 1, 3)):
        layer, head = divmod(at, maps.shape[1])
        heads(box).nth(at).click()
        tokens(box).nth(token).click()
        row = maps[layer, head, token, : token + 1]
        torch.testing.assert_close(torch.tensor(weights(box)), row, atol=1e-3, rtol=0)
        opaque = torch.tensor(pixels(box, ".ax-large canvas")) / 255
        torch.testing.assert_close(opaque, maps[layer, head].sqrt(), atol=6e-3, rtol=0)
        torch.testing.assert_close(opaque, torch.tensor(pixels(heads(box).nth(at), "canvas")) / 255)
        best, where = row.max(0)
        seen = tokenizer.decode([ids[int(where)]]).replace(" ", "␣") if where else "start"
        expect(box.locator(".tool-status")).to_contain_text(f"In layer {layer}, head {head}, ")
        expect(box.locator(".tool-status")).to_contain_text(f"looks at: ‘{seen}’ {said(best.item())}")
        for depth, guesses in enumerate(lens(box)):
            top = chances[token, depth].topk(3)
            for guess, share, index in zip(guesses, top.values.tolist(), top.indices.tolist(), strict=True):
                expected = "end of text" if index == tokenizer.eot_id else tokenizer.decode([index]).replace(" ", "␣")
                assert "\ufffd" in expected or guess == f"{expected} {said(share)}"
    assert errors == []


# A head's name has its numbers once the text has been read, and is written anew with every map.
NUMBERS_IN_NAMES_OF_HEADS = """() => {
    const found = [...document.querySelectorAll(".ax-head")].map((head) => head.ariaLabel.match(/[\\d.]+/g));
    return found.length && found.every((numbers) => numbers.length === 4) && found;
}"""


def test_a_heads_name_says_its_distance_and_entropy(show: Callable[..., Locator], page: Page):
    model, tokenizer = checkpoints.load("gpt-tales")
    maps, _ = reference(model, tokenizer, TEXT)
    later = maps[:, :, 1:]
    n = maps.shape[-1]
    back = (torch.arange(1, n)[:, None] - torch.arange(n)).clamp(min=0)
    distance = (later * back).sum(-1).mean(-1).flatten().tolist()
    entropy = torch.special.entr(later).sum(-1).mean(-1).flatten().tolist()
    ready(show(AttentionExplorer()))
    names = page.wait_for_function(NUMBERS_IN_NAMES_OF_HEADS).json_value()
    for at, (layer, head, tokens_back, nats) in enumerate(names):
        assert (int(layer), int(head)) == divmod(at, 3)
        assert float(tokens_back) == pytest.approx(distance[at], abs=0.06)
        assert float(nats) == pytest.approx(entropy[at], abs=0.02)


def test_pointing_previews_and_choosing_stays(show: Callable[..., Locator], page: Page):
    box = ready(show(AttentionExplorer()))
    status = box.locator(".tool-status")
    expect(status).to_contain_text("‘␣lived’ looks at: ‘.’ 95")
    tokens(box).nth(12).hover()
    expect(status).to_contain_text("‘.’ looks at")
    expect(box.locator(".ax-lens caption")).to_contain_text("After ‘.’")
    page.mouse.move(0, 0)
    expect(status).to_contain_text("‘␣lived’ looks at")
    tokens(box).nth(12).click()
    page.mouse.move(0, 0)
    expect(status).to_contain_text("‘.’ looks at")
    expect(tokens(box).nth(12)).to_have_attribute("aria-checked", "true")
    expect(tokens(box).nth(13)).to_have_attribute("aria-label", "␣Near, comes later")
    assert tokens(box).nth(13).evaluate("chip => getComputedStyle(chip).backgroundImage") == "none"

    square = box.locator(".ax-large .ax-square")
    side = (square.bounding_box() or {})["width"]
    square.hover(position={"x": side * 12.5 / 17, "y": side * 16.5 / 17})
    expect(status).to_contain_text("‘␣lived’ gives ‘.’ 95")
    square.click(position={"x": side * 12.5 / 17, "y": side * 16.5 / 17})
    expect(tokens(box).nth(16)).to_have_attribute("aria-checked", "true")


def test_keys_do_what_the_pointer_does(show: Callable[..., Locator], page: Page):
    box = ready(show(AttentionExplorer("llama-tales", layer=0, head=3)))
    box.get_by_role("textbox").focus()
    stops = []
    for _ in range(4):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert [stop.split()[0] for stop in stops] == ["ax-chip", "ax-head", "SUMMARY", *stops[3:]]
    tokens(box).nth(16).focus()
    for key, place in (
        ("ArrowLeft", 15),
        ("ArrowUp", 14),
        ("ArrowRight", 15),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("End", 16),
    ):
        page.keyboard.press(key)
        expect(tokens(box).nth(place)).to_be_focused()
        expect(tokens(box).nth(place)).to_have_attribute("aria-checked", "true")
    heads(box).nth(3).focus()
    for key, place in (("ArrowUp", 3), ("ArrowDown", 7), ("ArrowDown", 11), ("ArrowRight", 11), ("Home", 0)):
        page.keyboard.press(key)
        expect(heads(box).nth(place)).to_be_focused()
    expect(box.locator(".ax-title")).to_contain_text("Layer 0, head 0")
    expect(box.locator('[role="radio"][tabindex="0"]')).to_have_count(2)


# The widget with a model that stands for the one behind a notebook; what Python would do is done to `traits`.
IN_A_NOTEBOOK = """async ([code, traits]) => {
    const listeners = [];
    const model = {
        get: name => traits[name],
        set(name, value) {
            if (JSON.stringify(traits[name]) === JSON.stringify(value)) return;
            traits[name] = value;
            listeners.filter(([events]) => events.split(" ").includes("change:" + name)).forEach(([, call]) => call());
        },
        on: (events, call) => listeners.push([events, call]),
        off: (events, call) => listeners.splice(listeners.findIndex((one) => one[0] === events && one[1] === call), 1),
        save_changes: () => {}, send: () => {},
    };
    const module = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const el = document.querySelector(".book-widget");
    el.replaceChildren();
    const remove = module.default.render({ model, el });
    window.python = { ...model, remove, listeners };
}"""


def in_a_notebook(page: Page, explorer: AttentionExplorer) -> None:
    traits = {name: value for name, value in explorer.get_state().items() if not name.startswith("_")}
    del traits["weights"]
    page.evaluate(IN_A_NOTEBOOK, [AttentionExplorer._esm, traits])


def test_what_python_sets_is_shown_and_what_is_chosen_reaches_python(show: Callable[..., Locator], page: Page):
    explorer = AttentionExplorer("llama-tales")
    box = show(explorer)
    in_a_notebook(page, explorer)
    ready(box)
    page.evaluate("() => { python.set('layer', 0); python.set('head', 3); python.set('token', 12); }")
    expect(box.locator(".tool-status")).to_contain_text("In layer 0, head 3, ‘.’ looks at: ‘␣Leo’ 99")
    model, tokenizer = checkpoints.load("llama-tales")
    page.evaluate("text => python.set('text', text)", TYPED)
    expect(tokens(box)).to_have_count(1 + len(tokenizer.encode(TYPED)))
    expect(box.get_by_role("textbox")).to_have_value(TYPED)
    tokens(box).nth(5).click()
    heads(box).nth(6).click()
    assert page.evaluate("() => ['layer', 'head', 'token'].map(python.get)") == [1, 2, 5]
    maps, _ = reference(model, tokenizer, TYPED)
    explorer.text, explorer.layer, explorer.head, explorer.token = TYPED, 1, 2, 5
    assert explorer.looked_at == pytest.approx(maps[1, 2, 5, :6].tolist(), abs=6e-4)
    assert weights(box) == pytest.approx(explorer.looked_at, abs=1.1e-3)
    page.evaluate("() => python.set('token', 999)")  # behind the end: the last
    expect(tokens(box).last).to_have_attribute("aria-checked", "true")


def test_the_focus_stays_among_the_tokens_when_the_text_changes(show: Callable[..., Locator], page: Page):
    explorer = AttentionExplorer()
    box = show(explorer)
    in_a_notebook(page, explorer)
    ready(box)
    tokens(box).nth(3).click()
    page.evaluate("text => python.set('text', text)", TYPED)
    expect(box.get_by_role("textbox")).to_have_value(TYPED)
    expect(tokens(box).nth(3)).to_be_focused()


def test_a_removed_view_neither_listens_nor_writes(show: Callable[..., Locator], page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    waiting: list[Any] = []
    page.route("**/models/*", lambda route: waiting.append(route))
    explorer = AttentionExplorer()
    box = show(explorer)
    in_a_notebook(page, explorer)
    expect(box).to_have_attribute("data-live", "loading")
    page.evaluate("text => { python.set('text', text); python.remove(); python.set('token', 2); }", TYPED)
    assert page.evaluate("() => python.listeners.length") == 0
    for route in waiting:
        route.continue_()
    ready(box)
    expect(tokens(box)).to_have_count(17)  # the text from before
    expect(tokens(box).last).to_have_attribute("aria-checked", "true")
    assert errors == []


def test_awkward_texts_are_read_without_a_fault(show: Callable[..., Locator], page: Page):
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    _, tokenizer = checkpoints.load("gpt-tales")
    box = ready(show(AttentionExplorer()))
    for text in ("", "🦊", "注意\n\n\t力", " " * 40, "x" * 4000, "x" * 200_000, "donau" + "dampf" * 60):
        n = len(tokenizer.encode(text[-4000:]))
        type_in(box, text, min(n + 1, 256))
        expect(box.get_by_text("too long to be read at once")).to_be_visible(visible=n > 255)
        expect(box.locator(".tool-status")).to_contain_text("looks at")
        assert overflow(page) <= 0
        assert box.locator(".ax-tokens").evaluate("list => list.scrollWidth - list.clientWidth") <= 0
    assert errors == []


def test_it_serves_everyone(show: Callable[..., Locator], page: Page):
    box = ready(show(AttentionExplorer("llama-tales")))
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        page.wait_for_function("() => document.getAnimations().every(one => one.playState !== 'running')")
        assert serious_violations(page) == []
    picture = box.get_by_role("img", name="In layer")
    assert (picture.get_attribute("aria-label") or "").startswith("In layer 1, head 0, ‘␣lived’ looks at: ‘.’ 81")
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) <= 0
        assert box.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
        small: list[Any] = box.get_by_role("radio").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).filter(r => r.width < 24 || r.height < 24)"
        )
        assert small == []


def test_maps_are_brighter_on_the_dark_ground_of_every_host(show: Callable[..., Locator], page: Page):
    box = show(AttentionExplorer())
    mark = "([name, value]) => document.body.setAttribute(name, value)"
    brightness = "canvas => getComputedStyle(canvas).filter"
    dark = (("data-theme", "dark"), ("data-jp-theme-light", "false"), ("class", "vscode-dark"), ("theme", "dark"))
    for name, value in dark:
        assert box.locator("canvas").first.evaluate(brightness) == "none"
        page.evaluate(mark, [name, value])
        assert box.locator("canvas").first.evaluate(brightness) == "brightness(1.6)"
        page.evaluate("name => document.body.removeAttribute(name)", name)


def test_without_weights_the_example_stays(show: Callable[..., Locator], page: Page):
    page.route("**/models/*", lambda route: route.abort())
    box = show(AttentionExplorer())
    expect(box).to_have_attribute("data-live", "failed")
    box.get_by_role("textbox").fill("fox")
    tokens(box).nth(6).click()
    expect(box.get_by_role("textbox")).to_have_value("fox")  # what is half typed is not taken back
    expect(tokens(box)).to_have_count(17)
    expect(box.locator(".tool-status")).to_contain_text("‘␣Leo’ looks at")
    page.unroute("**/models/*")
    expect(box.get_by_role("button", name="Try again")).to_be_visible()
    box.get_by_role("textbox").fill("fox, a")  # a text to read is a reason to try again
    expect(ready(box).locator(".ax-chip").last).to_have_text("␣a")
