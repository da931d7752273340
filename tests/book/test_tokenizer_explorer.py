"""The tokenizer explorer in a page: what a reader sees are the tokens of helpers.tokenizers after as many merges."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from helpers.tokenizers import BPETokenizer
from helpers.widgets.page import page_html
from helpers.widgets.tokenizer_explorer import SAMPLES, TEXT, TokenizerExplorer, shipped_tokenizer
from tests.book.conftest import ROOT, Visit, overflow, record, serious_violations

RUNTIME = ROOT / "book" / "_static" / "widgets.js"

MERGES = shipped_tokenizer().merges
STRANGE = ["", " ", "a\u0301 \u200d\u00a0\t\n b", "🦊🦊 👩‍👩‍👧", "注意力, attention!", "שלום the fox"]
STRANGE += ["<|endoftext|>", "\ufffd\x1b"]


def young(m: int) -> BPETokenizer:
    """The shipped tokenizer when its training had come to merge m."""
    return BPETokenizer(MERGES[:m])


def control(box: Locator, name: str) -> Locator:
    return box.locator(f'[data-control="{name}"]')


def put(box: Locator, text: str, m: int) -> None:
    """Type a text and drag the slider; the page waits for a pause in the typing."""
    control(box, "text").fill(text)
    characters = str(len(text))
    expect(box.locator('[data-count="characters"] b')).to_have_text(characters)
    control(box, "n_merges").fill(str(m))


def chips(box: Locator) -> list[int]:
    return box.locator(".te-token").evaluate_all("all => all.map(chip => +chip.dataset.id)")


def numbers(box: Locator) -> dict[str, str]:
    return box.locator(".te-counts").evaluate(
        "line => Object.fromEntries([...line.children].map(n => [n.dataset.count, n.querySelector('b').textContent]))"
    )


def sentence(box: Locator) -> str:
    """What the widget says, without the marks that keep a token's direction to itself."""
    return re.sub("[\u2068\u2069]", "", box.locator(".tool-status").inner_text())


def places(box: Locator, part: str) -> list[list[float]]:
    """Left, right and top of every such part of the picture."""
    return box.locator(part).evaluate_all(
        "all => all.map(n => n.getBoundingClientRect()).map(({left, right, top}) => [left, right, top + scrollY])"
    )


@pytest.fixture
def explorer(show: Callable[..., Locator]) -> Locator:
    return show(TokenizerExplorer())


def test_chips_and_numbers_equal_the_library_for_any_text_and_any_number_of_merges(explorer: Locator, page: Page):
    visit = Visit()
    record(page, visit)
    assert chips(explorer) == young(768).encode(TEXT)  # before anything was touched
    for i, text in enumerate([*STRANGE, *(sample["text"] for sample in SAMPLES)]):
        for m in (5 + i, (0, 300, 768)[i % 3]):
            put(explorer, text, m)
            ids = young(m).encode(text)
            assert chips(explorer) == ids, (text, m)
            ratio = f"{len(text.encode()) / len(ids):.2f}" if ids else "–"
            counts = {"characters": str(len(text)), "bytes": str(len(text.encode())), "tokens": str(len(ids))}
            assert numbers(explorer) == counts | {"ratio": ratio}
    assert visit.errors == []


def test_a_chip_stands_below_its_bytes_and_nothing_above_moves_with_the_slider(explorer: Locator):
    before = None
    for m in (0, 4, 50, 768):
        put(explorer, TEXT, m)
        above = places(explorer, ".te-character") + places(explorer, ".te-byte")
        assert before in (None, above)
        before = above
        codes, start = places(explorer, ".te-byte"), 0
        for token, (left, right, _) in zip(young(m).encode(TEXT), places(explorer, ".te-token"), strict=True):
            end = start + len(young(m).decode_bytes([token]))
            assert [left, right] == pytest.approx([codes[start][0], codes[end - 1][1]], abs=0.6)
            start = end


def test_the_sentence_names_the_merge_and_the_chips_it_made_are_marked(explorer: Locator):
    says = {
        0: "No merge yet: every byte is a token.",
        1: "Merge 1 of 768: ‘h’ + ‘e’ → ‘he’, 3 times in this text (marked).",
        4: "Merge 4 of 768: ‘␣t’ + ‘he’ → ‘␣the’, 2 times in this text (marked).",
        768: "Merge 768 of 768: ‘p’ + ‘en’ → ‘pen’, not in this text; the last was 498.",
    }
    text = "She hid the key under the bridge"
    for m, expected in says.items():
        put(explorer, text, m)
        assert sentence(explorer) == expected
        marked = explorer.locator(".te-new").evaluate_all("all => all.map(chip => +chip.dataset.id)")
        ids = young(m).encode(text)
        assert marked == ([255 + m] * ids.count(255 + m) if m else [])
    put(explorer, "the", 1)
    assert sentence(explorer).endswith("once in this text (marked).")
    put(explorer, "", 1)
    assert sentence(explorer) == "There is nothing to cut yet: type something."


def test_only_the_sentence_is_read_out_and_only_when_the_reader_rests(explorer: Locator):
    region = explorer.locator("[role=status]")
    expect(region).to_have_count(1)
    expect(region).to_have_attribute("aria-busy", "false")
    control(explorer, "n_merges").press("ArrowLeft")
    assert region.get_attribute("aria-busy") == "true"
    assert region.inner_text().startswith("Merge 767 of 768: ")
    assert region.locator("[data-count]").count() == 0
    expect(region).to_have_attribute("aria-busy", "false")


def test_bytes_of_a_character_are_dashed_and_counted(explorer: Locator):
    explorer.get_by_role("button", name="中文").click()
    expect(explorer.locator(".te-part")).to_have_count(30)
    expect(explorer.locator(".tool-note")).to_have_text(
        "Dashed tokens are only parts of a character. Characters cut in parts: 10 of 10."
    )
    assert explorer.locator(".te-part b").first.inner_text() == "e7"
    explorer.get_by_role("button", name="English").click()
    expect(explorer.locator(".te-part")).to_have_count(0)
    expect(explorer.locator(".tool-note")).to_have_text("")


def test_buttons_and_keys_walk_through_the_merges_of_the_text(explorer: Locator, page: Page):
    text = "the fox hid"
    put(explorer, text, 0)
    lengths = [len(young(m).encode(text)) for m in range(769)]
    happen = [m for m in range(1, 769) if lengths[m] < lengths[m - 1]]
    forward, back = explorer.locator('[data-action="next"]'), explorer.locator('[data-action="previous"]')
    expect(back).to_have_attribute("aria-disabled", "true")
    for m in happen:
        forward.click()
        assert control(explorer, "n_merges").input_value() == str(m)
        assert explorer.locator(".te-new").count() > 0
    expect(forward).to_have_attribute("aria-disabled", "true")
    forward.click(force=True)
    assert control(explorer, "n_merges").input_value() == str(happen[-1])
    for m in [*reversed(happen[:-1]), 0]:
        back.click()
        assert control(explorer, "n_merges").input_value() == str(m)
    control(explorer, "n_merges").press("ArrowRight")
    assert chips(explorer) == young(1).encode(text)
    assert control(explorer, "n_merges").get_attribute("aria-valuetext") == "1 of 768"


def test_the_curve_is_the_number_of_tokens_and_can_be_dragged(explorer: Locator, page: Page):
    put(explorer, TEXT, 100)
    path = explorer.locator(".te-plot path").get_attribute("d") or ""
    below = {int(at): int(drop) for at, drop in re.findall(r"H(\d+)V(\d+)", path)}
    drop = 0
    for m in range(769):
        drop = below.get(m, drop)
        assert len(TEXT) - drop == len(young(m).encode(TEXT))
    plot, dot = explorer.locator(".te-plot"), explorer.locator(".te-dot")
    n_tokens = len(young(100).encode(TEXT))
    label = f"Number of tokens of this text after each merge; now {n_tokens}."
    assert plot.get_attribute("aria-label") == label
    ground, point = plot.bounding_box(), dot.bounding_box()
    assert ground is not None
    assert point is not None
    share = n_tokens / len(TEXT)
    assert point["x"] + 6 == pytest.approx(ground["x"] + ground["width"] * 100 / 768, abs=1)
    assert point["y"] + 6 == pytest.approx(ground["y"] + ground["height"] * (1 - share), abs=1)
    page.mouse.move(ground["x"] + 10, ground["y"] + 40)
    page.mouse.down()
    page.mouse.move(ground["x"] + ground["width"] / 2, ground["y"] + 40)
    page.mouse.up()
    page.mouse.move(ground["x"] + 20, ground["y"] + 40)  # no button, no drag
    assert int(control(explorer, "n_merges").input_value()) == pytest.approx(384, abs=1)
    assert chips(explorer) == young(int(control(explorer, "n_merges").input_value())).encode(TEXT)


def test_a_text_from_right_to_left_is_drawn_from_right_to_left(explorer: Locator):
    assert places(explorer, ".te-character")[0][0] < places(explorer, ".te-character")[1][0]
    explorer.get_by_role("button", name="العربية").click()
    expect(explorer.locator(".te-character").first).to_have_text("خ")
    for part in (".te-character", ".te-byte", ".te-token"):
        first, second = places(explorer, part)[:2]
        assert first[0] >= second[1] - 0.6
    assert control(explorer, "text").evaluate("area => getComputedStyle(area).direction") == "rtl"


def test_the_tables_say_the_same_as_the_pictures(explorer: Locator):
    text, trained = "the fox 狐", young(768)
    put(explorer, text, 768)
    for summary in explorer.locator("summary").all():
        summary.click()
    rows = "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent))"
    tokens, merges = [table.evaluate(rows) for table in explorer.locator("table").all()]
    spelled = [trained.decode_bytes([i]) for i in trained.encode(text)]
    assert [row[1:3] for row in tokens] == [
        [str(i), token.hex(" ")] for i, token in zip(trained.encode(text), spelled, strict=True)
    ]
    assert [row[3] for row in tokens] == ["–" if int(row[1]) < 256 else str(int(row[1]) - 255) for row in tokens]
    assert tokens[-1][0].strip("\u2068\u2069") == "<90>"
    for merge, _, times, left in merges:
        ids = young(int(merge)).encode(text)
        assert [times, left] == [str(ids.count(255 + int(merge))), str(len(ids))]
    assert merges[-1][3] == str(len(tokens))
    control(explorer, "n_merges").fill("0")
    expect(explorer.locator("table").first.locator("tbody tr")).to_have_count(11)


def test_a_long_text_is_drawn_in_part_and_the_box_says_when_it_is_full(explorer: Locator, page: Page):
    put(explorer, "狐" * 2000, 768)
    expect(explorer.locator(".tool-note")).to_contain_text("the first 240 of 6000 bytes")
    expect(explorer.locator(".tool-note")).to_contain_text("The box is full: it holds 2000 characters.")
    assert numbers(explorer)["tokens"] == "6000"
    assert len(chips(explorer)) == 240
    control(explorer, "text").press("End")
    page.keyboard.type("abc")
    assert len(control(explorer, "text").input_value()) == 2000


def test_it_fits_a_phone_and_is_open_to_everyone(explorer: Locator, page: Page):
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        for text in ("x" * 500, "狐狸" * 40, "🦊 the unbelievable caravan " * 3, SAMPLES[2]["text"]):
            put(explorer, text, 700)
            assert overflow(page) == 0
            assert min(right - left for left, right, _ in places(explorer, ".te-byte")) > 20  # two digits fit
            assert explorer.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    for summary in explorer.locator("summary").all():
        summary.click()
    put(explorer, TEXT, 4)
    assert explorer.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    page.evaluate("() => scrollTo({top: 0, behavior: 'instant'})")  # the theme's button to the top goes away
    expect(page.locator("#pst-back-to-top")).to_be_hidden()
    assert serious_violations(page) == []
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    assert serious_violations(page) == []


def test_every_control_can_be_reached_by_tab_and_has_a_name(explorer: Locator, page: Page):
    controls = explorer.locator("textarea, input, button, summary")
    controls.first.focus()
    for index in range(controls.count()):
        assert controls.nth(index).evaluate("element => element === document.activeElement")
        page.keyboard.press("Tab")
    expect(explorer.get_by_role("slider", name="Merges applied")).to_have_count(1)
    expect(explorer.get_by_role("textbox", name="Type in any language")).to_have_count(1)
    heights = explorer.locator("button, input").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 32


def test_what_changes_the_traits_moves_every_view(page: Page):
    own = BPETokenizer.train("hop hop hop chop chop", n_merges=3)
    widget = TokenizerExplorer(own, text="hop", n_merges=1)
    content = page_html(widget)
    again = content.splitlines()[-1]  # a second view of the same model
    html = f"<!doctype html><body>{content}{again}<script>{RUNTIME.read_text(encoding='utf-8')}</script>"
    page.route("http://small.page/", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    page.goto("http://small.page/")
    expect(page.locator(".book-tool")).to_have_count(2)
    one, other = page.locator(".book-tool").all()
    assert chips(one) == chips(other) == widget.ids
    put(other, "chop shop", 2)
    widget.set_state({"text": "chop shop", "n_merges": 2})
    assert chips(one) == chips(other) == widget.ids
    assert control(one, "text").input_value() == "chop shop"
    assert control(one, "n_merges").input_value() == "2"
