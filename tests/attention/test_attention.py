import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.attention import KVCache, MultiHeadAttention, attend, attention_weights, causal_mask
from helpers.positions import NoPositions

BLIND = NoPositions(16, 24)


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def run(attention, x, **options):
    return attention(x, BLIND, torch.arange(x.shape[1]), **options)


def test_every_row_of_weights_sums_to_one_and_hidden_keys_get_exactly_zero():
    weights = attention_weights(random(2, 5, 8), random(2, 5, 8, seed=1), causal_mask(5))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 5))
    assert (weights[:, ~causal_mask(5)] == 0).all()


@pytest.mark.parametrize("mask", [None, causal_mask(5)])
def test_it_equals_torchs_own(mask):
    q, k, v = random(2, 5, 8), random(2, 5, 8, seed=1), random(2, 5, 8, seed=2)
    torch.testing.assert_close(attend(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, mask))


def test_permuting_keys_and_values_together_changes_nothing():
    q, k, v, order = random(3, 8), random(5, 8, seed=1), random(5, 8, seed=2), torch.tensor([3, 1, 4, 0, 2])
    torch.testing.assert_close(attend(q, k[order], v[order]), attend(q, k, v))
    assert not torch.allclose(attend(q, k[order], v), attend(q, k, v))


def test_the_causal_mask_of_a_cache_lets_new_queries_see_the_whole_past():
    assert causal_mask(2, 5).tolist() == [[True] * 4 + [False], [True] * 5]
    with pytest.raises(ValueError, match="n_keys >= n_queries"):
        causal_mask(5, 2)


@pytest.mark.parametrize("n_kv_heads", [4, 2, 1])
def test_future_tokens_change_nothing_in_the_past(n_kv_heads):
    attention, x = MultiHeadAttention(24, 4, n_kv_heads), random(1, 7, 24)
    before = run(attention, x)
    x[:, 4:] = 99.0
    after = run(attention, x)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])  # the change did reach somewhere


def test_it_equals_torchs_multi_head_attention():
    ours, theirs = MultiHeadAttention(24, 4, 4), nn.MultiheadAttention(24, 4, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    for proj, weight, bias in zip(
        (ours.q_proj, ours.k_proj, ours.v_proj),
        theirs.in_proj_weight.chunk(3),
        theirs.in_proj_bias.chunk(3),
        strict=True,
    ):
        proj.weight.data, proj.bias.data = weight, bias
    ours.o_proj.load_state_dict(theirs.out_proj.state_dict())
    x, maps = random(2, 6, 24), []
    expected, weights = theirs(x, x, x, attn_mask=~causal_mask(6), average_attn_weights=False)  # theirs: True hides
    torch.testing.assert_close(run(ours, x), expected)
    torch.testing.assert_close(run(ours, x, maps=maps), expected)
    torch.testing.assert_close(maps[0], weights)


def test_asking_for_maps_does_not_change_the_result():
    attention, x = MultiHeadAttention(24, 4, 2), random(2, 6, 24)
    torch.testing.assert_close(run(attention, x, maps=[]), run(attention, x))


def test_grouped_queries_equal_multi_head_with_repeated_keys_and_values():
    grouped, full = MultiHeadAttention(24, 4, 2), MultiHeadAttention(24, 4, 4)
    state = dict(grouped.state_dict())
    for name in ("k_proj.weight", "k_proj.bias", "v_proj.weight", "v_proj.bias"):
        state[name] = state[name].unflatten(0, (2, 6)).repeat_interleave(2, dim=0).flatten(0, 1)
    full.load_state_dict(state)
    x = random(2, 6, 24)
    torch.testing.assert_close(run(grouped, x), run(full, x))


def test_heads_that_do_not_fit_are_refused_with_the_numbers():
    with pytest.raises(ValueError, match="n_heads=5 and d_model=24"):
        MultiHeadAttention(24, 5, 5)
    with pytest.raises(ValueError, match="n_kv_heads=3 and n_heads=4"):
        MultiHeadAttention(24, 4, 3)


def test_the_cache_counts_its_bytes_and_refuses_a_position_too_many():
    cache = KVCache(n_layers=2, batch=1, n_kv_heads=3, capacity=4, d_head=8)
    keys = random(1, 3, 3, 8)
    for layer in range(2):
        cache.extend(layer, keys, keys)
    cache.advance(3)
    assert cache.n_bytes == 2 * 2 * 3 * 3 * 8 * 4  # keys and values, layers, heads, positions, d_head, float32
    with pytest.raises(ValueError, match="room for 4 positions, got position 6"):
        cache.extend(0, keys, keys)
