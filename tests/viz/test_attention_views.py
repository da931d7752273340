"""bertviz's views: no network in the book, small, the same bytes on every run."""

import gzip
import json
import re

import numpy as np
import pytest

from helpers.viz import head_view, model_view, neuron_view
from helpers.viz.attention_views import shorter, view_data

TOKENS = ["Once", " upon", " a", " fox"]
ALT = "Lines from each token to the tokens it looks at"
WEIGHTS = np.tril(np.random.default_rng(5).random((2, 3, 4, 4)))
VECTORS = np.random.default_rng(6).normal(size=(2, 3, 4, 8))

VIEWS = [
    pytest.param(lambda: head_view(WEIGHTS, TOKENS, ALT).data, id="head"),
    pytest.param(lambda: model_view(WEIGHTS, TOKENS, ALT).data, id="model"),
    pytest.param(lambda: neuron_view(WEIGHTS, VECTORS, -VECTORS, TOKENS, ALT).data, id="neuron"),
]
every_view = pytest.mark.parametrize("view", VIEWS)


@every_view
def test_a_view_asks_no_site_and_no_server_and_no_module_loader(view):
    html = view()
    assert set(re.findall(r"https?://[^\"' ]+", html)) <= {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"require|\.src\b|fetch\(|import\b|<link|@import|url\(", html)


@every_view
def test_a_view_gives_the_same_bytes_again(view):
    assert view() == view()


@every_view
def test_a_view_has_a_name_and_can_be_scrolled_by_keyboard(view):
    box = re.search(r"<div [^>]*>", view())[0]
    assert f'aria-label="{ALT}"' in box
    assert 'tabindex="0"' in box


@every_view
def test_every_list_of_a_view_has_a_label(view):
    html = view()
    assert html.count("<select") == len(re.findall(r"<label>\w+ <select", html)) > 0


@every_view
def test_the_data_stand_in_a_view_once(view):
    weights = json.dumps(WEIGHTS.round(3).tolist(), separators=(",", ":"))
    assert view().count(weights) == 1


@every_view
def test_a_view_of_a_small_model_is_small(view):
    assert len(view()) < 40_000
    assert len(gzip.compress(view().encode())) < 10_000


def test_weights_are_rounded_to_what_the_eye_can_see():
    numbers = re.findall(r"0\.\d+", re.search(r'"attn":(\[.*?\]),"left', head_view(WEIGHTS, TOKENS, ALT).data)[1])
    assert max(map(len, numbers)) == len("0.123")


def test_all_weights_arrive():
    sent = json.loads(re.search(r'"attn":(\[.*?\]),"left', head_view(WEIGHTS, TOKENS, ALT).data)[1])
    assert np.allclose(sent, WEIGHTS, atol=5e-4)


def test_weights_without_a_layer_and_a_head_are_refused():
    with pytest.raises(ValueError, match=r"layer, head, query, key; got shape \(4, 4\)"):
        view_data(WEIGHTS[0, 0], TOKENS)


def test_a_view_without_words_is_refused():
    with pytest.raises(ValueError, match="what a reader would see"):
        model_view(WEIGHTS, TOKENS, "")


def test_what_stands_in_the_data_cannot_end_the_script_or_take_the_place_of_a_part():
    html = head_view(WEIGHTS, ["<!--", "<script></script>", "__DRAW__", "__KEY__'\""], ALT).data
    assert [html.count(word) for word in ("<!--", "<script", "</script")] == [0, 1, 1]
    assert "__DRAW__" in html
    assert "__PARAMS__" not in html


def test_code_is_shortened_without_a_change_of_strings():
    code = '  f("a  b//c"); // says a\n\n  // alone\n  g(`//x`);\n'
    assert shorter(code) == 'f("a  b//c");\ng(`//x`);'
