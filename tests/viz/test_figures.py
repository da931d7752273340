"""Figures show the numbers they were given, on axes that have names."""

import numpy as np
import pytest
import torch

from helpers.viz import (
    attention_explorer_figure,
    loss_figure,
    plot_attention,
    plot_attention_grid,
    plot_loss,
    plot_mask,
    plot_next_token,
)

TOKENS = ["Once", " upon", " a", " fox", " a"]


def attention(n_layers: int, n_heads: int, n: int = len(TOKENS)) -> np.ndarray:
    scores = np.random.default_rng(3).normal(size=(n_layers, n_heads, n, n))
    weights = np.exp(scores) * np.tril(np.ones((n, n)))
    return weights / weights.sum(-1, keepdims=True)


def every_figure():
    yield plot_attention(attention(1, 1)[0, 0], TOKENS)
    yield plot_loss([0, 1], [2.0, 1.0], {"floor": 0.5})
    yield plot_mask(np.tril(np.ones((5, 5), dtype=bool)), TOKENS)


def test_both_axes_have_names():
    assert [bool(ax.get_xlabel() and ax.get_ylabel()) for ax in every_figure()] == [True] * 3


def test_the_loss_axis_says_its_unit():
    assert "nats" in plot_loss([0, 1], [2.0, 1.0], {}).get_ylabel()


def test_every_level_stands_at_its_height_with_its_name_and_number():
    ax = plot_loss([0, 1], [2.0, 1.0], {"unigram": 1.7, "floor": 0.5})
    heights = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]
    assert heights == [1.7, 0.5]
    assert [text.get_text() for text in ax.texts] == ["unigram 1.70", "floor 0.50"]


def test_names_of_levels_that_lie_close_together_do_not_overlap():
    ax = plot_loss([0, 1], [6.0, 1.0], {"bigram": 1.90, "trigram": 1.89, "floor": 1.88})
    heights = sorted(text.get_position()[1] for text in ax.texts)
    assert min(np.diff(heights)) > 0.3


def test_a_loss_without_its_step_is_refused():
    with pytest.raises(ValueError, match=r"each step needs one loss, got \(2,\) steps and \(3,\) losses"):
        plot_loss([0, 1], [3.0, 2.0, 1.0], {})


def test_torch_tensors_with_gradients_can_be_drawn():
    weights = torch.tensor(attention(1, 1)[0, 0], requires_grad=True)
    drawn = plot_attention(weights, TOKENS).images[0].get_array()
    assert np.allclose(drawn, weights.detach(), atol=1e-6)


def test_the_rows_of_an_attention_map_are_the_tokens_that_look():
    ax = plot_attention(attention(1, 1)[0, 0, 3:], TOKENS[3:], key_tokens=TOKENS)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["␣fox", "␣a"]
    assert len(ax.get_xticklabels()) == 5


def test_all_maps_of_a_grid_share_the_scale_from_zero_to_one():
    faint = attention(2, 3) * np.array([1.0, 0.1])[:, None, None, None]
    images = [ax.images[0] for ax in plot_attention_grid(faint, TOKENS).axes if ax.images]
    assert len(images) == 6
    assert {image.get_clim() for image in images} == {(0, 1)}


def test_a_grid_shows_each_head_in_its_place():
    weights = attention(2, 3)
    axes = [ax for ax in plot_attention_grid(weights, TOKENS).axes if ax.images]
    assert np.array_equal(axes[4].images[0].get_array(), weights[1, 1])


def test_a_missing_token_is_named_in_the_error():
    with pytest.raises(ValueError, match=r"queries \(rows\) is needed: 5, got 4 tokens"):
        plot_attention(attention(1, 1)[0, 0], TOKENS[:4])


def test_bars_are_sorted_and_the_rest_is_one_bar():
    ax = plot_next_token(np.array([0.1, 0.5, 0.15, 0.25]), ["a", "b", "c", "d"], top=2)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.5, 0.25, 0.25])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "d", "2 other tokens"]


def test_logits_given_as_probabilities_are_noticed():
    with pytest.raises(ValueError, match="was softmax forgotten"):
        plot_next_token(np.array([1.0, 2.0]), ["a", "b"])


def test_a_mask_marks_allowed_pairs_by_more_than_colour():
    mask = np.tril(np.ones((5, 5), dtype=bool))
    dots = {text.get_position() for text in plot_mask(mask, TOKENS).texts}
    assert dots == {(column, row) for row, column in zip(*mask.nonzero(), strict=True)}


def test_each_entry_of_the_attention_list_draws_its_own_head():
    weights = attention(2, 2)
    buttons = attention_explorer_figure(weights, TOKENS).layout.updatemenus[0].buttons
    assert [button.label for button in buttons][2] == "layer 1, head 0"
    assert np.allclose(buttons[2].args[0]["z"][0], weights[1, 0], atol=5e-4)
    assert buttons[2].args[1]["title.text"] == "Layer 1, head 0"


def test_a_token_that_comes_twice_keeps_its_own_row_and_column():
    heat = attention_explorer_figure(attention(1, 1), TOKENS).data[0]
    assert len(set(heat.x)) == len(TOKENS)
    assert [name.replace("\u200b", "") for name in heat.x][2] == [name.replace("\u200b", "") for name in heat.x][4]


def test_the_hoverable_loss_has_the_band_the_run_and_every_level():
    figure = loss_figure([0, 1], [2.0, 1.0], {"floor": 0.5}, band=([0, 1], [1.5, 0.8], [2.5, 1.2]))
    named = {trace.name: list(trace.y) for trace in figure.data if trace.name}
    assert named == {"recorded seeds": [2.5, 1.2], "this run": [2.0, 1.0], "floor 0.50": [0.5, 0.5]}
