"""Alignment and waves: figures that carry all they need."""

import numpy as np
import pytest

from helpers.viz import alignment_figure, head_view, wave_figure

EXAMPLE = (["a", "fox", "."], ["狐", "。"], np.array([[0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]), [(1,), ()])
OTHER = (["an", "owl", "sat", "."], ["鸮", "坐", "。"], np.eye(3, 4), [(1,), (2,), ()])


def test_rings_stand_at_the_truth():
    heat, rings = alignment_figure([EXAMPLE], "title").data
    assert (list(rings.x), list(rings.y)) == (["fox"], ["狐"])
    assert np.allclose(heat.z, EXAMPLE[2])


def test_every_sentence_is_in_the_list_and_brings_its_own_words():
    [menu] = alignment_figure([EXAMPLE, OTHER], "title").layout.updatemenus
    assert len(menu.buttons) == 2
    change = menu.buttons[1].args[0]
    assert list(change["x"][0]) == OTHER[0]
    assert list(change["y"][1]) == ["鸮", "坐"]


def test_a_repeated_word_keeps_its_own_place():
    source = ["fox", "a", "fox"]
    heat, rings = alignment_figure([(source, ["狐"], np.ones((1, 3)) / 3, [(2,)])], "title").data
    assert len(set(heat.x)) == 3
    assert rings.x[0] == heat.x[2]


def test_weights_must_fit_the_words():
    with pytest.raises(ValueError, match="source"):
        alignment_figure([(["a"], ["狐"], np.ones((1, 2)), [()])], "title")


def test_threads_may_lead_to_another_sentence():
    html = head_view(
        np.ones((1, 1, 2, 3)) / 3, ["狐", "。"], "Threads from one language to another", key_tokens=["a", "fox", "."]
    ).data
    assert '"right_text":["a","fox","."]' in html
    with pytest.raises(ValueError, match="keys"):
        head_view(np.ones((1, 1, 2, 3)) / 3, ["狐", "。"], "Threads from one language to another", key_tokens=["a"])


def test_waves_keep_their_shape_and_scale():
    [heat] = wave_figure(np.zeros((3, 4)), "title").data
    assert np.shape(heat.z) == (3, 4)
    assert (heat.zmin, heat.zmax) == (-1, 1)
