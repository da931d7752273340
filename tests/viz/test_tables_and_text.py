"""Tables mark exactly what differs; coloured text carries its numbers."""

import re
from dataclasses import dataclass
from math import log

import pytest

from helpers.viz import show_surprise
from helpers.viz.tables import configs_html, configs_text, differing_fields
from helpers.viz.text import surprise_html

ALT = "A short story in which the names are surprising"


@dataclass(frozen=True)
class Small:
    d_model: int = 768
    n_layers: int = 12
    norm: str = "post"


@dataclass(frozen=True)
class Other:
    d_model: int = 768
    n_layers: int = 48
    rope_base: float = 10_000.0


PAIR = {"GPT-1": Small(), "GPT-2": Small(n_layers=48)}


def marked(html: str) -> list[str]:
    return re.findall(r"<code>(\w+)</code> <span[^>]*>≠", html)


def test_exactly_the_differing_fields_are_marked():
    assert differing_fields(PAIR) == ["n_layers"]
    assert marked(configs_html(PAIR, only_differences=False)) == ["n_layers"]


def test_equal_configurations_have_no_mark_and_say_so():
    same = {"a": Small(), "b": Small()}
    assert marked(configs_html(same, only_differences=False)) == []
    assert configs_text(same) == "All 3 fields are equal."


def test_a_difference_table_names_the_equal_fields_below():
    html = configs_html(PAIR, only_differences=True)
    assert html.count("<tr>") == 2
    assert "<summary>The other 2 fields are equal.</summary><p><code>d_model</code>, <code>norm</code></p>" in html


def test_a_field_that_one_configuration_lacks_is_a_difference():
    assert differing_fields({"a": Small(), "b": Other()}) == ["n_layers", "norm", "rope_base"]


def test_numbers_are_written_with_separators_and_words_without_quotes():
    html = configs_html({"a": Small(d_model=12288), "b": Small()}, only_differences=False)
    assert ">12,288<" in html
    assert ">post<" in html


def test_what_is_not_a_dataclass_is_named():
    with pytest.raises(TypeError, match="must be a dataclass instance, got dict for 'b'"):
        differing_fields({"a": Small(), "b": {}})


def test_each_token_carries_its_surprise_and_its_probability():
    html = surprise_html(["Leo", " ran"], [log(4), 0.0], ALT)
    assert 'title="Leo: 1.39 nats, probability 0.25"' in html
    assert 'title="ran: 0.00 nats, probability 1"' in html


def test_a_more_surprising_token_never_has_a_paler_colour():
    html = surprise_html(["x"] * 30, [0.2 * i for i in range(30)], ALT)
    backgrounds = re.findall(r'<span title=.*?background:#(\w{6})"', html)
    brightness = [sum(bytes.fromhex(color)) for color in backgrounds]
    assert brightness == sorted(brightness, reverse=True)
    assert brightness[0] > brightness[-1]


def test_markup_in_a_token_stays_text():
    assert "&lt;b&gt;" in surprise_html(["<b>"], [1.0], ALT)


def test_a_negative_surprise_is_refused():
    with pytest.raises(ValueError, match="cannot be negative"):
        surprise_html(["x"], [-1.0], ALT)


def test_coloured_text_needs_words_too():
    with pytest.raises(ValueError, match="what a reader would see"):
        show_surprise(["x"], [1.0], "")
