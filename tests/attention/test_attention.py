import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.attention import LayerCache, Look, MultiHeadAttention, attend, attention_weights, causal_mask
from helpers.positions import RotaryPositions


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_every_row_of_weights_sums_to_one_and_hidden_keys_get_exactly_zero():
    weights = attention_weights(random(2, 5, 8), random(2, 5, 8, seed=1), causal_mask(5))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 5))
    assert (weights[:, ~causal_mask(5)] == 0).all()


@pytest.mark.equals(
    "helpers.attention.attend", "torch.nn.functional.scaled_dot_product_attention", "outputs, with and without a mask"
)
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
    before = attention(x)
    x[:, 4:] = 99.0
    after = attention(x)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])  # the change did reach somewhere


@pytest.mark.equals(
    "helpers.attention.MultiHeadAttention", "torch.nn.MultiheadAttention", "outputs and attention weights"
)
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
    torch.testing.assert_close(ours(x), expected)
    torch.testing.assert_close(ours(x, Look(maps=maps)), expected)
    torch.testing.assert_close(maps[0], weights)


def test_asking_for_maps_does_not_change_the_result():
    attention, x = MultiHeadAttention(24, 4, 2), random(2, 6, 24)
    torch.testing.assert_close(attention(x, Look(maps=[])), attention(x))


def test_grouped_queries_equal_multi_head_with_repeated_keys_and_values():
    grouped, full = MultiHeadAttention(24, 4, 2), MultiHeadAttention(24, 4, 4)
    state = dict(grouped.state_dict())
    for name in ("k_proj.weight", "k_proj.bias", "v_proj.weight", "v_proj.bias"):
        state[name] = state[name].unflatten(0, (2, 6)).repeat_interleave(2, dim=0).flatten(0, 1)
    full.load_state_dict(state)
    x = random(2, 6, 24)
    torch.testing.assert_close(grouped(x), full(x))


def test_heads_that_do_not_fit_are_refused_with_the_numbers():
    with pytest.raises(ValueError, match="n_heads=5 and d_model=24"):
        MultiHeadAttention(24, 5, 5)
    with pytest.raises(ValueError, match="n_kv_heads=3 and n_heads=4"):
        MultiHeadAttention(24, 4, 3)


@pytest.mark.parametrize("n_kv_heads", [4, 2, 1])
@pytest.mark.parametrize("options", [{}, {"d_head": 10}, {"scale": 1.0}, {"qk_norm": True}])
def test_the_fused_kernel_and_the_weights_written_out_agree_for_every_mask_and_bias(n_kv_heads, options):
    attention, x = MultiHeadAttention(24, 4, n_kv_heads, **options), random(2, 6, 24)
    mask, bias = random(2, 1, 6, 6) > 0, random(4, 6, 6, seed=1)
    mask |= torch.eye(6, dtype=torch.bool)
    for look in ({}, {"is_causal": False}, {"mask": mask}, {"bias": bias}, {"mask": mask, "bias": bias}):
        maps = []
        torch.testing.assert_close(attention(x, Look(**look, maps=maps)), attention(x, Look(**look)))
        torch.testing.assert_close(maps[0].sum(-1), torch.ones(2, 4, 6))
        allowed = look.get(
            "mask", causal_mask(6) if look.get("is_causal", True) else torch.ones(6, 6, dtype=torch.bool)
        )
        assert (maps[0].masked_select(~allowed) == 0).all()


def test_a_bias_moves_the_scores_before_the_softmax():
    attention, x, maps = MultiHeadAttention(24, 4), random(1, 3, 24), []
    attention(x, Look(bias=torch.full((4, 3, 3), 5.0).tril(-1), maps=maps))
    attention(x, Look(maps=maps))
    biased, plain = maps[0][:, :, 1, :2], maps[1][:, :, 1, :2]
    torch.testing.assert_close(
        (biased[..., 0] / biased[..., 1]).log() - (plain[..., 0] / plain[..., 1]).log(), torch.full((1, 4), 5.0)
    )


def test_normalised_queries_and_keys_ignore_the_size_of_what_they_come_from():
    attention, x, maps = MultiHeadAttention(24, 4, bias=False, qk_norm=True, eps=0.0), random(1, 5, 24), []
    attention(x, Look(maps=maps))
    attention(10 * x, Look(maps=maps))
    torch.testing.assert_close(maps[0], maps[1])


def test_biases_can_stand_at_queries_keys_and_values_only():
    attention = MultiHeadAttention(24, 4, bias=False, qkv_bias=True)
    assert attention.o_proj.bias is None
    assert attention.q_proj.bias is not None
    assert attention.k_proj.bias is not None
    assert attention.v_proj.bias is not None


def test_alone_with_a_cache_it_goes_on_where_the_cache_ends():
    attention, x = MultiHeadAttention(24, 4, 2), random(1, 6, 24)
    look, cache = Look(RotaryPositions(6)), LayerCache(1, 2, 8, 6)
    parts = [attention(x[:, :4], look, cache), attention(x[:, 4:], look, cache)]
    torch.testing.assert_close(torch.cat(parts, dim=1), attention(x, look))
