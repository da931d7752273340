import pytest
import torch
from torch.nn.functional import elu

from helpers.attention.linear import (
    LinearAttention,
    feature_map,
    linear_attention,
    parallel_linear_attention,
    recurrent_linear_attention,
)


def qkv(n=11):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, n, 4, generator=generator) for _ in range(3)]


def by_the_sum(q, k, v):
    """Equation 9, written out for every query in float64."""
    q, k, v = elu(q.double()) + 1, elu(k.double()) + 1, v.double()
    rows = []
    for i in range(q.shape[2]):
        fits = torch.einsum("bhd,bhsd->bhs", q[:, :, i], k[:, :, : i + 1])
        rows.append(torch.einsum("bhs,bhsd->bhd", fits, v[:, :, : i + 1]) / fits.sum(-1, keepdim=True))
    return torch.stack(rows, dim=2).float()


def test_three_ways_to_compute_one_sum():
    q, k, v = qkv()
    expected = by_the_sum(q, k, v)
    torch.testing.assert_close(parallel_linear_attention(q, k, v), expected)
    averages, state = recurrent_linear_attention(q, k, v)
    torch.testing.assert_close(averages, expected)
    for chunk in (1, 2, 5, 11, 64):
        ours, ours_state = linear_attention(q, k, v, chunk=chunk)
        torch.testing.assert_close(ours, expected)
        torch.testing.assert_close(ours_state, state)


@pytest.mark.parametrize("attend", [recurrent_linear_attention, linear_attention])
@pytest.mark.parametrize("cut", [1, 4, 10])
def test_the_state_is_all_that_the_future_needs(attend, cut):
    q, k, v = qkv()
    first, state = attend(*(t[:, :, :cut] for t in (q, k, v)))
    second, _ = attend(*(t[:, :, cut:] for t in (q, k, v)), state)
    torch.testing.assert_close(torch.cat([first, second], dim=2), by_the_sum(q, k, v))


@pytest.mark.equals(
    "helpers.attention.linear.feature_map", "torch.nn.functional.elu", "the feature map, elu(x) + 1, and its gradient"
)
def test_the_feature_map_is_elu_plus_one():
    x = torch.linspace(-5, 5, 41, dtype=torch.float64)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    torch.testing.assert_close(feature_map(ours), elu(theirs) + 1)
    feature_map(ours).sum().backward()
    elu(theirs).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_no_feature_is_zero_however_negative_its_input():
    far = torch.tensor([-60.0])
    assert feature_map(far) > 0
    assert elu(far) + 1 == 0  # what the formula gives, typed in as it stands


def test_averages_stay_between_the_smallest_and_the_largest_value_seen():
    q, k, v = qkv()
    averages, _ = linear_attention(q, k, v)
    assert (averages <= v.cummax(dim=2).values + 1e-6).all()
    assert (averages >= v.cummin(dim=2).values - 1e-6).all()


def test_future_tokens_change_nothing_in_the_past():
    attention, x = LinearAttention(24, 4), torch.randn(1, 9, 24, generator=torch.Generator().manual_seed(0))
    before, _ = attention(x)
    x[:, 5:] = 9.0
    after, _ = attention(x)
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


def test_the_layer_goes_on_from_its_state_and_a_new_state_is_that_of_no_tokens():
    attention, x = LinearAttention(24, 4), torch.randn(2, 9, 24, generator=torch.Generator().manual_seed(0))
    whole, end = attention(x)
    torch.testing.assert_close(attention(x, attention.new_state(2)), (whole, end))
    first, state = attention(x[:, :4])
    torch.testing.assert_close(torch.cat([first, attention(x[:, 4:], state)[0]], dim=1), whole)


def test_gradients_of_the_chunks_equal_those_of_the_table():
    table, chunks = ([t.requires_grad_() for t in qkv()] for _ in range(2))
    parallel_linear_attention(*table).square().sum().backward()
    linear_attention(*chunks, chunk=4)[0].square().sum().backward()
    for expected, ours in zip(table, chunks, strict=True):
        torch.testing.assert_close(ours.grad, expected.grad)


def test_heads_that_do_not_fit_and_chunks_of_nothing_are_refused():
    with pytest.raises(ValueError, match="n_heads=5 and d_model=24"):
        LinearAttention(24, 5)
    with pytest.raises(ValueError, match="chunk=0"):
        linear_attention(*qkv(), chunk=0)
