import pytest
import torch
from transformers import MambaConfig
from transformers.cache_utils import DynamicCache
from transformers.models.mamba.modeling_mamba import MambaMixer

from helpers.attention.state_space import SelectiveSSM, scan_by_steps, scan_in_chunks

SIZES = dict(hidden_size=20, state_size=5, conv_kernel=4, expand=2, time_step_rank=3, num_hidden_layers=1)


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def random_layer():
    layer = SelectiveSSM(20, d_state=5, d_conv=4, expand=2, dt_rank=3)
    torch.manual_seed(0)
    for p in layer.parameters():  # biases too: a swapped pair would go unseen
        torch.nn.init.normal_(p, std=0.3)
    return layer


def random_pair():
    ours, theirs = random_layer(), MambaMixer(MambaConfig(**SIZES), layer_idx=0).eval()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.equals(
    "helpers.attention.state_space.SelectiveSSM",
    "transformers.models.mamba.modeling_mamba.MambaMixer",
    "the layer's output, whole and token by token",
)
def test_it_equals_the_mamba_layer_of_transformers():
    (ours, theirs), x = random_pair(), random(2, 37, 20)
    expected = theirs(x)
    torch.testing.assert_close(ours(x)[0], expected)
    cache, state = DynamicCache(config=MambaConfig(**SIZES)), None
    for part in x.split([20] + [1] * 17, dim=1):
        y, state = ours(part, state)
        torch.testing.assert_close(y, theirs(part, cache_params=cache))


@pytest.mark.parametrize("n", [1, 2, 16, 23])
@pytest.mark.parametrize("chunk", [0, 1, 4, 7, 40])
def test_the_scan_in_chunks_equals_the_scan_by_steps(n, chunk):
    decay, drive, memory = random(2, n, 3, 4).sigmoid(), random(2, n, 3, 4, seed=1), random(2, 3, 4, seed=2)
    torch.testing.assert_close(scan_in_chunks(decay, drive, memory, chunk), scan_by_steps(decay, drive, memory))


def test_the_scan_by_steps_is_the_weighted_sum_of_what_was_added():
    decay, drive, memory = random(1, 6, 1, 1).sigmoid(), random(1, 6, 1, 1, seed=1), random(1, 1, 1, seed=2)
    kept = [decay[0, i + 1 :].prod() for i in range(6)]
    by_hand = decay.prod() * memory[0] + sum(keep * add for keep, add in zip(kept, drive[0], strict=True))
    torch.testing.assert_close(scan_by_steps(decay, drive, memory)[0, -1], by_hand)


def test_a_memory_that_forgets_at_once_overflows_in_no_form():
    decay, drive = torch.full((1, 64, 1, 1), 1e-30), random(1, 64, 1, 1)
    torch.testing.assert_close(scan_in_chunks(decay, drive, drive[:, 0]), drive)
    torch.testing.assert_close(scan_by_steps(decay, drive, drive[:, 0]), drive)


def test_gradients_of_the_chunks_equal_those_of_the_steps():
    grads = []
    for scan in (scan_by_steps, scan_in_chunks):
        decay = random(2, 10, 3, 4).sigmoid().requires_grad_()
        drive, memory = random(2, 10, 3, 4, seed=1).requires_grad_(), random(2, 3, 4, seed=2).requires_grad_()
        scan(decay, drive, memory).square().sum().backward()
        grads.append([decay.grad, drive.grad, memory.grad])
    torch.testing.assert_close(grads[1], grads[0])


@pytest.mark.parametrize("cut", [1, 2, 3, 15, 16, 17, 36])
def test_the_state_is_all_that_the_future_needs(cut):
    layer, x = random_layer().double(), random(2, 37, 20).double()
    whole, state = layer(x)
    first, half_way = layer(x[:, :cut])
    second, end = layer(x[:, cut:], half_way)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(end, state)


def test_future_tokens_change_nothing_in_the_past():
    layer, x = random_layer(), random(1, 9, 20)
    before, _ = layer(x)
    x[:, 5:] = 9.0
    after, _ = layer(x)
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


def test_the_memory_of_the_state_does_not_grow_with_the_text():
    layer, sizes = random_layer(), set()
    for n in (1, 5, 50):
        with torch.no_grad():
            _, state = layer(random(1, n, 20))
        sizes.add(sum(t.untyped_storage().nbytes() for t in state))
    assert sizes == {4 * (40 * 3 + 40 * 5)}  # 40 channels: 3 recent inputs and 5 numbers of memory, in float32


def test_a_large_time_step_forgets_and_takes_in_and_a_small_one_lets_the_token_pass_by():
    layer, u = random_layer(), random(1, 1, 40)
    with torch.no_grad():
        layer.dt_proj.weight.zero_()
        layer.dt_proj.bias.fill_(20.0)
        forgets, takes_in, _ = layer.select(u)
        layer.dt_proj.bias.fill_(-20.0)
        keeps, ignores, _ = layer.select(u)
    assert forgets.max() < 1e-2
    assert takes_in.abs().min() > 1e-3
    assert keeps.min() > 1 - 1e-6
    assert ignores.abs().max() < 1e-6


def test_a_new_layer_has_time_steps_from_a_thousandth_to_a_tenth_as_many_below_a_hundredth_as_above():
    torch.manual_seed(0)
    steps = torch.nn.functional.softplus(SelectiveSSM(512).dt_proj.bias)
    assert 0.00099 < steps.min() < 0.0011
    assert 0.09 < steps.max() < 0.1001
    assert 0.007 < steps.median() < 0.014
