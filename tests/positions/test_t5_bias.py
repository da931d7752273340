import pytest
import torch
from torch import nn
from transformers import T5Config
from transformers.models.t5.modeling_t5 import T5Attention

from helpers.positions import T5Bias, t5_bucket


def test_a_small_table_of_buckets_by_hand():
    """8 buckets, 16 as the largest distance: 0 to 3 have one each; 4 to 16 are four equal steps of the logarithm."""
    distances = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 16, 17, 1000])
    buckets = t5_bucket(-distances, n_buckets=8, max_distance=16)
    assert buckets.tolist() == [0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7, 7]


def test_a_decoder_has_one_bucket_for_all_of_the_future_and_an_encoder_as_many_as_for_the_past():
    future = torch.tensor([1, 2, 50, 500])
    assert t5_bucket(future).tolist() == [0, 0, 0, 0]
    both_ways = t5_bucket(torch.cat((-future, future)), is_bidirectional=True)
    assert (both_ways[4:] - both_ways[:4] == 16).all()


@pytest.mark.equals(
    "helpers.positions.t5_bucket",
    "transformers.models.t5.modeling_t5.T5Attention._relative_position_bucket",
    "bucket of every offset",
)
@pytest.mark.parametrize("is_bidirectional", [False, True])
@pytest.mark.parametrize(("n_buckets", "max_distance"), [(32, 128), (8, 20), (64, 256)])
def test_every_offset_falls_into_t5s_bucket(is_bidirectional, n_buckets, max_distance):
    offset = torch.arange(-1000, 1001)
    theirs = T5Attention._relative_position_bucket(offset, is_bidirectional, n_buckets, max_distance)
    assert torch.equal(t5_bucket(offset, n_buckets, max_distance, is_bidirectional), theirs)


@pytest.mark.equals(
    "helpers.positions.T5Bias.score_bias",
    "transformers.models.t5.modeling_t5.T5Attention.compute_bias",
    "bias of all heads, in the encoder and in the decoder with a past",
)
@pytest.mark.parametrize("is_bidirectional", [False, True])
def test_the_bias_equals_t5s_also_with_fewer_queries_than_keys(is_bidirectional):
    config = T5Config(d_model=8, num_heads=4, d_kv=2, is_decoder=not is_bidirectional)
    theirs = T5Attention(config, has_relative_attention_bias=True, layer_idx=0)
    ours = T5Bias(4, is_bidirectional=is_bidirectional)
    nn.init.normal_(ours.table.weight, generator=torch.Generator().manual_seed(0))
    theirs.relative_attention_bias.load_state_dict(ours.table.state_dict())
    bias = ours.score_bias(torch.arange(150, 155), torch.arange(155))
    assert torch.equal(bias, theirs.compute_bias(5, 155, past_seen_tokens=150)[0])


def test_a_window_of_keys_sees_the_same_bias_as_all_keys():
    scheme = T5Bias(4)
    everything = scheme.score_bias(torch.arange(10), torch.arange(10))
    assert torch.equal(scheme.score_bias(torch.arange(8, 10), torch.arange(4, 10)), everything[:, 8:, 4:])


def test_the_table_learns():
    scheme, places = T5Bias(4), torch.arange(3)
    scheme.score_bias(places, places)[:, 2, 0].sum().backward()  # distance 2 only
    assert scheme.table.weight.grad.abs().sum(-1).nonzero().flatten().tolist() == [2]


@pytest.mark.parametrize(("n_buckets", "max_distance", "both"), [(1, 128, False), (3, 128, True), (32, 16, False)])
def test_buckets_that_cannot_be_laid_out_are_an_error(n_buckets, max_distance, both):
    with pytest.raises(ValueError, match=f"{n_buckets=}, {max_distance=}"):
        T5Bias(4, n_buckets, max_distance, both)
