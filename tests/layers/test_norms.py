import torch
from torch import nn

from helpers.layers import LayerNorm


def test_every_position_leaves_with_mean_zero_and_variance_one():
    x = 5 + 3 * torch.randn(4, 7, 32, generator=torch.Generator().manual_seed(0))
    y = LayerNorm(32)(x)
    torch.testing.assert_close(y.mean(-1), torch.zeros(4, 7), atol=1e-6, rtol=0)
    torch.testing.assert_close(y.var(-1, unbiased=False), torch.ones(4, 7), atol=1e-4, rtol=0)


def test_scaling_the_input_changes_nothing():
    x = torch.randn(3, 16, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(LayerNorm(16)(100 * x), LayerNorm(16)(x), atol=1e-4, rtol=1e-4)  # eps is inside


def test_it_equals_torch_with_and_without_bias():
    x = torch.randn(3, 16, generator=torch.Generator().manual_seed(2))
    for bias in (True, False):
        ours, theirs = LayerNorm(16, bias), nn.LayerNorm(16, bias=bias)
        for p in ours.parameters():
            nn.init.normal_(p, generator=torch.Generator().manual_seed(3))
        theirs.load_state_dict(ours.state_dict())
        torch.testing.assert_close(ours(x), theirs(x))
