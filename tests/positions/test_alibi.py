import pytest
import torch
from transformers.models.bloom.modeling_bloom import build_alibi_tensor

from helpers.positions import Alibi, alibi_slopes


def test_eight_heads_have_the_slopes_of_the_paper():
    assert alibi_slopes(8).tolist() == [2.0**-i for i in range(1, 9)]


def test_twelve_heads_take_every_second_slope_of_sixteen_after_the_eight():
    torch.testing.assert_close(alibi_slopes(12), torch.cat((alibi_slopes(8), alibi_slopes(16)[0:8:2])))


@pytest.mark.equals(
    "helpers.positions.alibi_slopes",
    "transformers.models.bloom.modeling_bloom.build_alibi_tensor",
    "slope of each head",
)
@pytest.mark.parametrize("n_heads", [1, 2, 3, 6, 8, 12, 20, 112])
def test_the_slopes_of_any_head_count_equal_blooms(n_heads):
    theirs = build_alibi_tensor(torch.ones(1, 2), n_heads, torch.float32).view(n_heads, 2)[:, 1]
    torch.testing.assert_close(alibi_slopes(n_heads), theirs)


@pytest.mark.equals(
    "helpers.positions.Alibi.score_bias",
    "transformers.models.bloom.modeling_bloom.build_alibi_tensor",
    "bias up to a constant per query, which the softmax cancels",
)
def test_the_bias_of_the_past_equals_blooms_up_to_a_constant_per_query():
    ours = Alibi(12).score_bias(torch.arange(9), torch.arange(9))
    theirs = build_alibi_tensor(torch.ones(1, 9), 12, torch.float32).view(12, 1, 9).expand(12, 9, 9)
    hidden = ~torch.ones(9, 9, dtype=torch.bool).tril()
    both = [bias.masked_fill(hidden, float("-inf")).softmax(-1) for bias in (ours, theirs)]
    torch.testing.assert_close(*both)


def test_the_bias_falls_along_a_line_with_distance():
    bias = Alibi(12).score_bias(torch.tensor([20]), torch.arange(21))[:, 0]
    steps = bias.diff(dim=-1)
    torch.testing.assert_close(steps, alibi_slopes(12)[:, None].expand(12, 20), atol=1e-6, rtol=1e-5)  # cancellation
    assert (bias[:, -1] == 0).all()


def test_only_the_distance_matters_and_both_directions_cost_the_same():
    scheme, places = Alibi(5), torch.arange(7)
    bias = scheme.score_bias(places, places)
    assert torch.equal(bias, scheme.score_bias(places + 1000, places + 1000))
    assert torch.equal(bias, bias.transpose(1, 2))


def test_a_window_of_keys_sees_the_same_bias_as_all_keys():
    scheme = Alibi(5)
    everything = scheme.score_bias(torch.arange(10), torch.arange(10))
    assert torch.equal(scheme.score_bias(torch.arange(8, 10), torch.arange(4, 10)), everything[:, 8:, 4:])


def test_slopes_keep_their_precision_in_a_model_of_sixteen_bits():
    scheme, places = Alibi(112), torch.arange(4)
    before = scheme.score_bias(places, places)
    assert torch.equal(scheme.bfloat16().score_bias(places, places), before)
