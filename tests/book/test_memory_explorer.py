"""The memory explorer in a page: what a reader sets is weighed as helpers weighs it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from helpers.models.presets import DECODER_PRESETS
from helpers.widgets.memory_explorer import MemoryExplorer, title
from tests.book.conftest import Visit, overflow, record, serious_violations

SIZES = ({"width": 375, "height": 800}, {"width": 320, "height": 640})


def control(box: Locator, name: str) -> Locator:
    return box.locator(f'[data-control="{name}"]')


def weighed(box: Locator) -> tuple[int, int]:
    """Bytes of weights and of cache that the page shows now."""
    state = box.evaluate("box => ({...box.dataset})")
    return int(state["weights"]), int(state["cache"])


def expected(preset: str, **settings: Any) -> tuple[int, int]:
    explorer = MemoryExplorer(preset, **settings)
    return explorer.weight_bytes, explorer.cache_bytes


def bars(box: Locator) -> list[list[float]]:
    """Each bar's two lengths, in pixels."""
    page_bars = "bars => bars.map(bar => [...bar.querySelectorAll(':scope > span')].map(part => part.offsetWidth))"
    return box.locator(".me-bar").evaluate_all(page_bars)


def test_what_the_reader_sets_is_weighed_as_in_python(show: Callable[..., Locator], page: Page):
    seen = Visit()
    record(page, seen)
    box = show(MemoryExplorer("llama-3-8b", memory_gb=24))
    sentence = "Llama 3 8B in 16 bits: 16.1 GB of weights and 1.07 GB of cache for 1 text of 8,192 tokens: "
    expect(box.locator(".tool-status")).to_have_text(f"{sentence}fits on one accelerator of 24 GB.")
    assert weighed(box) == expected("llama-3-8b", context=8192)

    control(box, "preset").select_option("Llama 2 70B")
    expect(control(box, "context")).to_have_attribute("max", "4")  # its last step is 4,096
    control(box, "context").fill("3")  # 256, 512, 1,024, 2,048
    control(box, "batch").fill("4")
    control(box, "weight_bits").select_option("4 bits")
    control(box, "cache_bits").select_option("8 bits")
    settings = {"context": 2048, "batch": 16, "weight_bits": 4, "cache_bits": 8}
    assert weighed(box) == expected("llama-2-70b", **settings)
    sentence = "Llama 2 70B in 4 bits: 34.5 GB of weights and 5.37 GB of cache for 16 texts of 2,048 tokens each: "
    expect(box.locator(".tool-status")).to_have_text(f"{sentence}needs at least 2 accelerators of 24 GB.")
    expect(box.locator(".me-saved")).to_contain_text("8 key/value heads serve 64 query heads")
    expect(box.locator(".me-saved")).to_contain_text("8 times as much")
    expect(control(box, "context")).to_have_attribute("aria-valuetext", "2,048")

    page.wait_for_timeout(300)  # the bars glide for 120 ms
    (weights, cache), (same_weights, every_cache) = bars(box)
    assert weights == same_weights
    assert cache / weights == pytest.approx(5.37 / 34.5, abs=0.02)
    assert every_cache / cache == pytest.approx(8, rel=0.05)
    expect(box.get_by_role("img")).to_have_attribute("aria-label", re.compile("5.37 GB of cache, together 39.9 GB"))
    assert not seen.errors


def test_the_table_has_the_exact_sizes_in_both_units(show: Callable[..., Locator]):
    box = show(MemoryExplorer("llama-2-70b", context=4096))
    box.locator("summary").first.click()
    expect(box.locator("tbody tr").first).to_be_visible()
    rows = dict(
        box.locator("tbody tr").evaluate_all("rows => rows.map(row => [row.cells[0].textContent, row.innerText])")
    )
    assert rows["weights"].split()[1:] == ["137,953,296,384", "137.953", "128.479"]
    assert rows["cache"].split()[1:] == ["1,342,177,280", "1.342", "1.250"]
    assert rows["cache with every head's own"].split()[-1] == "10.000"


def test_every_number_is_written_in_the_language_of_the_page(show: Callable[..., Locator], page: Page):
    box = show(MemoryExplorer("llama-2-70b", context=4096))
    page.evaluate("() => { document.documentElement.lang = 'de'; }")
    control(box, "batch").fill("1")
    expect(box.locator(".tool-status")).to_contain_text("138 GB of weights and 2,68 GB of cache")
    expect(box.locator('[data-answer="price"]')).to_have_text("at least $11,62")
    expect(box.locator('[data-way="time"]')).to_contain_text("2 × 3,35 TB/s")
    box.locator("summary").first.click()
    expect(box.locator(".tool-table")).to_contain_text("137.953.296.384")


def test_what_is_found_is_read_out_when_the_reader_rests(show: Callable[..., Locator]):
    box = show(MemoryExplorer())
    region = box.locator("[role=status]")
    expect(region).to_have_count(1)
    expect(region).to_have_attribute("aria-busy", "false")
    control(box, "batch").press("ArrowRight")
    assert region.get_attribute("aria-busy") == "true"
    expect(region).to_have_attribute("aria-busy", "false")


def test_the_costs_follow_bandwidth_and_price_as_typed(show: Callable[..., Locator]):
    box = show(MemoryExplorer())
    answer = {name: box.locator(f'[data-answer="{name}"]') for name in ("operations", "time", "speed", "price")}
    expect(answer["operations"]).to_have_text("about 83.7 × 10⁹ operations")
    expect(answer["time"]).to_have_text("at least 9.61 ms")
    expect(answer["speed"]).to_have_text("at most 104")
    expect(answer["price"]).to_have_text("at least $5.34")
    control(box, "bandwidth").fill("6.7")
    control(box, "bandwidth").press("Enter")
    expect(answer["time"]).to_have_text("at least 4.80 ms")
    expect(answer["price"]).to_have_text("at least $2.67")
    control(box, "price_per_hour").fill("4")
    control(box, "price_per_hour").press("Enter")
    expect(answer["price"]).to_have_text("at least $5.34")
    control(box, "bandwidth").fill("-1")
    control(box, "bandwidth").press("Enter")
    expect(control(box, "bandwidth")).to_have_value("6.7")  # no bandwidth, so the last one stays


def test_keys_alone_are_enough(show: Callable[..., Locator], page: Page):
    box = show(MemoryExplorer())
    controls = box.locator("select, input, summary")
    controls.first.focus()
    for index in range(controls.count()):
        assert controls.nth(index).evaluate("element => element === document.activeElement"), index
        page.keyboard.press("Tab")
    control(box, "context").focus()
    page.keyboard.press("ArrowLeft")
    assert weighed(box) == expected("llama-3.1-8b", context=65536)
    for name in ("Tokens so far", "Texts at once"):
        expect(box.get_by_role("slider", name=name)).to_have_count(1)
    for name in ("Model", "Weights", "Cache", "Accelerator"):
        expect(box.get_by_role("combobox", name=name)).to_have_count(1)


def test_every_model_at_every_extreme_is_said_in_whole_words_and_fits_the_screen(
    show: Callable[..., Locator], page: Page
):
    box = show(MemoryExplorer(batch=10**6, memory_gb=8, weight_bits=32, price_per_hour=0.0, bandwidth=0.001))
    for details in box.locator("summary").all():
        details.click()
    for size in SIZES:
        page.set_viewport_size(size)
        for name in DECODER_PRESETS:
            control(box, "preset").select_option(title(name))
            assert weighed(box) == expected(name, batch=10**6, weight_bits=32)
            text = box.inner_text()
            assert not any(wrong in text for wrong in ("undefined", "NaN", "Infinity", "{", "null")), text
            assert overflow(page) == 0, name
    control(box, "context").fill("0")
    control(box, "batch").fill("0")
    assert weighed(box) == expected("deepseek-v3", context=256, weight_bits=32)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anyones_way(show: Callable[..., Locator], page: Page, theme: str):
    box = show(MemoryExplorer("mistral-7b"))
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    for details in box.locator("summary").all():
        details.click()
    expect(box.locator(".me-saved")).to_contain_text("It looks back 4,096 tokens")
    assert serious_violations(page) == []
    small = "nodes => nodes.map(node => node.getBoundingClientRect().height).filter(height => height < 44)"
    page.set_viewport_size(SIZES[0])
    assert box.locator("select, input, summary").evaluate_all(small) == []
