import torch
from transformers import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2MLP

from helpers.layers import GeluMLP


def test_it_equals_gpt2s_feed_forward():
    theirs, ours = GPT2MLP(32, GPT2Config(n_embd=8, resid_pdrop=0.0)), GeluMLP(8, 32)
    ours.up_proj.weight.data, ours.up_proj.bias.data = theirs.c_fc.weight.T, theirs.c_fc.bias
    ours.down_proj.weight.data, ours.down_proj.bias.data = theirs.c_proj.weight.T, theirs.c_proj.bias
    x = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(x), theirs(x))


def test_each_position_is_worked_on_alone():
    mlp = GeluMLP(8, 16)
    x = torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(0))
    changed = x.clone()
    changed[:, 2] = 9.0
    same = torch.tensor([0, 1, 3, 4])
    torch.testing.assert_close(mlp(x)[:, same], mlp(changed)[:, same])
    assert not torch.allclose(mlp(x)[:, 2], mlp(changed)[:, 2])
