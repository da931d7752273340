import pytest
import torch
from torch import nn
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.t5.modeling_t5 import T5LayerNorm

from helpers.layers import NORMS, LayerNorm, RMSNorm


def random_stream(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def with_same_random_parameters(ours, theirs, seed=3):
    chance = torch.Generator().manual_seed(seed)
    for parameter in ours.parameters():
        nn.init.normal_(parameter, generator=chance)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def test_every_position_leaves_layer_norm_with_mean_zero_and_variance_one():
    y = LayerNorm(32)(5 + 3 * random_stream(0, 4, 7, 32))
    torch.testing.assert_close(y.mean(-1), torch.zeros(4, 7), atol=1e-6, rtol=0)
    torch.testing.assert_close(y.var(-1, unbiased=False), torch.ones(4, 7), atol=1e-4, rtol=0)


def test_every_position_leaves_rms_norm_with_mean_square_one_and_a_mean_of_its_own():
    y = RMSNorm(32)(5 + 3 * random_stream(0, 4, 7, 32))
    torch.testing.assert_close(y.square().mean(-1), torch.ones(4, 7))
    assert (y.mean(-1) > 0.5).all()


@pytest.mark.parametrize("norm", NORMS.values())
def test_scaling_the_input_changes_nothing(norm):
    x = random_stream(1, 3, 16)
    torch.testing.assert_close(norm(16)(100 * x), norm(16)(x), atol=1e-4, rtol=1e-4)  # eps does not scale along


def test_moving_the_input_changes_nothing_for_layer_norm_only():
    x = random_stream(1, 3, 16)
    torch.testing.assert_close(LayerNorm(16)(x + 2), LayerNorm(16)(x))
    assert not torch.allclose(RMSNorm(16)(x + 2), RMSNorm(16)(x), atol=0.1)


@pytest.mark.parametrize("norm", NORMS.values())
def test_each_position_is_normalised_alone(norm):
    x = random_stream(2, 1, 5, 16)
    changed = x.clone()
    changed[:, 2] = torch.arange(16.0)
    assert torch.equal(norm(16)(x)[:, [0, 1, 3, 4]], norm(16)(changed)[:, [0, 1, 3, 4]])
    assert not torch.allclose(norm(16)(x)[:, 2], norm(16)(changed)[:, 2])


@pytest.mark.equals("helpers.layers.LayerNorm", "torch.nn.LayerNorm", "normalised vectors, with and without bias")
@pytest.mark.parametrize("bias", [True, False])
def test_layer_norm_equals_torch(bias):
    ours, theirs = with_same_random_parameters(LayerNorm(16, bias, eps=1e-3), nn.LayerNorm(16, 1e-3, bias=bias))
    x = 0.1 * random_stream(2, 3, 16)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.equals("helpers.layers.RMSNorm", "torch.nn.RMSNorm", "normalised vectors")
@pytest.mark.equals("helpers.layers.RMSNorm", "transformers.models.llama.modeling_llama.LlamaRMSNorm", "vectors")
@pytest.mark.equals("helpers.layers.RMSNorm", "transformers.models.t5.modeling_t5.T5LayerNorm", "normalised vectors")
@pytest.mark.parametrize("reference", [nn.RMSNorm, LlamaRMSNorm, T5LayerNorm])
def test_rms_norm_equals_torch_llama_and_t5(reference):
    ours, theirs = with_same_random_parameters(RMSNorm(16, eps=1e-3), reference(16, eps=1e-3))
    x = 0.1 * random_stream(2, 3, 16)
    torch.testing.assert_close(ours(x), theirs(x))


def test_rms_norm_has_no_bias_whether_asked_or_not():
    for bias in (True, False):
        assert [name for name, _ in RMSNorm(16, bias).named_parameters()] == ["weight"]
