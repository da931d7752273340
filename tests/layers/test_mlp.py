import pytest
import torch
from torch import nn
from transformers import BertConfig, GPT2Config, LlamaConfig, T5Config
from transformers.models.bert.modeling_bert import BertIntermediate
from transformers.models.gpt2.modeling_gpt2 import GPT2MLP
from transformers.models.llama.modeling_llama import LlamaMLP
from transformers.models.nanochat.configuration_nanochat import NanoChatConfig
from transformers.models.nanochat.modeling_nanochat import NanoChatMLP
from transformers.models.t5.modeling_t5 import T5DenseActDense

from helpers.layers import MLPS, ExactGeluMLP, GeluMLP, ReluMLP, SquaredReluMLP, SwiGLU


def randomised(module, seed=0):
    chance = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        nn.init.normal_(parameter, generator=chance)
    return module


def random_stream(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(9))


def copy(ours, theirs):
    with torch.no_grad():
        for mine, other in zip(ours.parameters(), theirs, strict=True):
            mine.copy_(other)


@pytest.mark.equals("helpers.layers.GeluMLP", "transformers.models.gpt2.modeling_gpt2.GPT2MLP", "feed-forward output")
def test_the_gelu_network_equals_gpt2s():
    theirs, ours = randomised(GPT2MLP(32, GPT2Config(n_embd=8, resid_pdrop=0.0))), GeluMLP(8, 32)
    copy(ours, (theirs.c_fc.weight.T, theirs.c_fc.bias, theirs.c_proj.weight.T, theirs.c_proj.bias))
    x = random_stream(2, 5, 8)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.equals("helpers.layers.SwiGLU", "transformers.models.llama.modeling_llama.LlamaMLP", "feed-forward output")
def test_swiglu_equals_llamas():
    theirs = randomised(
        LlamaMLP(LlamaConfig(hidden_size=8, intermediate_size=24, num_attention_heads=1, mlp_bias=True))
    )
    ours = SwiGLU(8, 24)
    ours.load_state_dict(theirs.state_dict())
    x = random_stream(2, 5, 8)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.equals("helpers.layers.ReluMLP", "transformers.models.t5.modeling_t5.T5DenseActDense", "output")
def test_the_relu_network_equals_t5s():
    theirs = randomised(T5DenseActDense(T5Config(d_model=8, d_ff=24, dropout_rate=0.0)))
    ours = ReluMLP(8, 24, bias=False)
    copy(ours, (theirs.wi.weight, theirs.wo.weight))
    x = random_stream(2, 5, 8)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.equals(
    "helpers.layers.SquaredReluMLP", "transformers.models.nanochat.modeling_nanochat.NanoChatMLP", "output"
)
def test_the_squared_relu_network_equals_nanochats():
    theirs = randomised(NanoChatMLP(NanoChatConfig(hidden_size=8, intermediate_size=24)))
    ours = SquaredReluMLP(8, 24, bias=False)
    copy(ours, (theirs.fc1.weight, theirs.fc2.weight))
    x = random_stream(2, 5, 8)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.equals(
    "helpers.layers.ExactGeluMLP.bend", "transformers.models.bert.modeling_bert.BertIntermediate", "the wide middle"
)
def test_the_exact_gelu_network_equals_berts_up_to_its_middle():
    theirs = randomised(BertIntermediate(BertConfig(hidden_size=8, intermediate_size=24)))
    ours = ExactGeluMLP(8, 24)
    ours.up_proj.load_state_dict(theirs.dense.state_dict())
    x = random_stream(2, 5, 8)
    torch.testing.assert_close(ours.bend(ours.up_proj(x)), theirs(x))


def test_swiglu_is_the_gate_through_silu_times_the_way_up():
    mlp, x = randomised(SwiGLU(8, 24, bias=False)), random_stream(5, 8)
    gate, up = x @ mlp.gate_proj.weight.T, x @ mlp.up_proj.weight.T
    torch.testing.assert_close(mlp(x), (gate / (1 + torch.exp(-gate)) * up) @ mlp.down_proj.weight.T)


@pytest.mark.equals("helpers.layers.SwiGLU.bend", "torch.nn.SiLU", "the function x · sigmoid(βx) at β = 1")
def test_x_times_sigmoid_of_x_alone_is_silu_and_not_yet_swiglu():
    mlp, x = randomised(SwiGLU(8, 8, bias=False)), random_stream(5, 8)
    silu = x * torch.sigmoid(x)
    torch.testing.assert_close(mlp.bend(x), silu)
    torch.testing.assert_close(nn.SiLU()(x), silu)
    assert not torch.allclose(mlp(x), mlp.down_proj(silu))


@pytest.mark.equals(
    "helpers.layers.ExactGeluMLP.bend", "torch.special.ndtr", "x times the normal distribution function"
)
def test_gelu_is_x_times_the_normal_distribution_function():
    x = torch.linspace(-4, 4, 801)
    torch.testing.assert_close(ExactGeluMLP(1, 1).bend(x), x * torch.special.ndtr(x))
    off = (GeluMLP(1, 1).bend(x) - x * torch.special.ndtr(x)).abs().max()
    assert 1e-4 < off < 5e-4  # the tanh form is close, and not the same


def test_squared_relu_is_the_square_of_relu():
    x = torch.tensor([-2.0, -0.5, 0.0, 0.5, 3.0])
    assert SquaredReluMLP(1, 1).bend(x).tolist() == [0, 0, 0, 0.25, 9]
    assert ReluMLP(1, 1).bend(x).tolist() == [0, 0, 0, 0.5, 3]


@pytest.mark.parametrize("mlp", MLPS.values())
def test_each_position_is_worked_on_alone(mlp):
    network, x = randomised(mlp(8, 16)), random_stream(1, 5, 8)
    changed = x.clone()
    changed[:, 2] = 9.0
    same = torch.tensor([0, 1, 3, 4])
    torch.testing.assert_close(network(x)[:, same], network(changed)[:, same])
    assert not torch.allclose(network(x)[:, 2], network(changed)[:, 2])


@pytest.mark.parametrize("mlp", MLPS.values())
def test_without_bias_there_are_matrices_only(mlp):
    assert all(parameter.ndim == 2 for parameter in mlp(8, 16, bias=False).parameters())
    assert any(parameter.ndim == 1 for parameter in mlp(8, 16).parameters())
