import copy

import pytest
import torch
from transformers import GPTNeoXConfig, LlamaConfig
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.gptj import modeling_gptj
from transformers.models.llama import modeling_llama

from helpers.positions import RotaryPositions, YarnScaling, apply_rope, rope_angles, rope_frequencies

PAIRINGS = ["half", "interleaved"]


def heads(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def angles_of(positions, d, dtype=torch.float32):
    return rope_angles(torch.as_tensor(positions), rope_frequencies(d).to(dtype))


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_turning_keeps_every_length(pairing):
    x = heads(2, 3, 50, 16)
    torch.testing.assert_close(apply_rope(x, angles_of(range(50), 16), pairing).norm(dim=-1), x.norm(dim=-1))


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_a_score_depends_on_the_distance_only(pairing):
    q, k = heads(1, 16, seed=1, dtype=torch.float64), heads(1, 16, seed=2, dtype=torch.float64)

    def score(query_position, key_position):
        turned_q = apply_rope(q, angles_of([query_position], 16, torch.float64), pairing)
        return turned_q @ apply_rope(k, angles_of([key_position], 16, torch.float64), pairing).T

    torch.testing.assert_close(score(7, 3), score(1007, 1003), atol=1e-10, rtol=0)
    torch.testing.assert_close(score(3, 7), score(503, 507), atol=1e-10, rtol=0)
    assert (score(7, 3) - score(7, 4)).abs() > 1e-3
    assert (score(7, 3) - score(3, 7)).abs() > 1e-3  # before is not after


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_position_zero_is_left_as_it_is(pairing):
    x = heads(2, 3, 4, 16)
    turned = apply_rope(x, angles_of(range(4), 16), pairing)
    assert torch.equal(turned[..., 0, :], x[..., 0, :])
    assert not torch.allclose(turned[..., 1, :], x[..., 1, :])


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_turning_is_multiplying_each_pair_by_a_complex_number_of_length_one(pairing):
    x, angles = heads(2, 3, 9, 16), angles_of(range(9), 16)
    first, second = x.chunk(2, -1) if pairing == "half" else (x[..., 0::2], x[..., 1::2])
    product = torch.complex(first, second) * torch.exp(1j * angles)
    together = (torch.cat if pairing == "half" else torch.stack)((product.real, product.imag), dim=-1)
    torch.testing.assert_close(apply_rope(x, angles, pairing), together.reshape(x.shape))


def test_the_two_pairings_differ_by_the_order_of_coordinates_only():
    x, angles = heads(2, 3, 9, 16), angles_of(range(9), 16)
    order = torch.arange(16).view(2, 8).T.flatten()  # 0 8 1 9 2 10 …: partners of "half" side by side
    torch.testing.assert_close(apply_rope(x, angles)[..., order], apply_rope(x[..., order], angles, "interleaved"))
    assert not torch.allclose(apply_rope(x, angles), apply_rope(x, angles, "interleaved"))


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_turning_twice_is_turning_by_the_sum(pairing):
    x = heads(6, 16, dtype=torch.float64)
    once, more = angles_of(range(6), 16, torch.float64), angles_of(range(10, 16), 16, torch.float64)
    torch.testing.assert_close(
        apply_rope(apply_rope(x, once, pairing), more, pairing), apply_rope(x, once + more, pairing)
    )


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_a_fraction_turns_the_front_of_the_head_and_leaves_the_rest(pairing):
    q, k = heads(2, 4, 9, 16), heads(2, 2, 9, 16, seed=1)
    for x, turned in zip(
        (q, k), RotaryPositions(16, fraction=0.25, pairing=pairing).rotate(q, k, torch.arange(9)), strict=True
    ):
        assert torch.equal(turned[..., 4:], x[..., 4:])
        torch.testing.assert_close(turned[..., :4], apply_rope(x[..., :4], angles_of(range(9), 4), pairing))
        torch.testing.assert_close(turned, apply_rope(x, angles_of(range(9), 4), pairing))


@pytest.mark.parametrize("pairing", PAIRINGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_fast_way_of_a_model_equals_the_definition(pairing, dtype):
    q, k = heads(2, 4, 9, 16, dtype=dtype), heads(2, 1, 9, 16, seed=1, dtype=dtype)
    for x, turned in zip((q, k), RotaryPositions(16, pairing=pairing).rotate(q, k, torch.arange(9)), strict=True):
        exact = angles_of(range(9), 16).to(dtype)
        few_ulps = 10 * torch.finfo(dtype).eps
        torch.testing.assert_close(turned, apply_rope(x, exact, pairing), atol=few_ulps, rtol=few_ulps)


@pytest.mark.equals(
    "helpers.positions.apply_rope",
    "transformers.models.llama.modeling_llama.apply_rotary_pos_emb",
    "rotated queries and keys, halves paired",
)
@pytest.mark.equals(
    "helpers.positions.rope_angles",
    "transformers.models.llama.modeling_llama.LlamaRotaryEmbedding",
    "cosines and sines",
)
def test_queries_and_keys_equal_llamas():
    theirs = modeling_llama.LlamaRotaryEmbedding(
        LlamaConfig(
            hidden_size=64, num_attention_heads=4, rope_parameters={"rope_type": "default", "rope_theta": 500.0}
        )
    )
    q, k, positions = heads(2, 4, 9, 16), heads(2, 2, 9, 16, seed=1), torch.arange(9).expand(2, 9)
    cos, sin = theirs(q, positions)
    assert torch.equal(rope_angles(positions, rope_frequencies(16, 500.0)).cos(), cos[..., :8])
    turned = modeling_llama.apply_rotary_pos_emb(q, k, cos, sin)
    torch.testing.assert_close(RotaryPositions(16, base=500.0).rotate(q, k, positions), turned)
    angles = rope_angles(positions, rope_frequencies(16, 500.0))[:, None]
    torch.testing.assert_close((apply_rope(q, angles), apply_rope(k, angles)), turned)


@pytest.mark.equals(
    "helpers.positions.RotaryPositions.rotate",
    "transformers.models.gpt_neox.modeling_gpt_neox.apply_rotary_pos_emb",
    "queries and keys of which a quarter is rotated",
)
def test_a_quarter_turned_equals_gpt_neox():
    config = GPTNeoXConfig(
        hidden_size=64,
        num_attention_heads=4,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.25},
    )
    q, k, positions = heads(2, 4, 9, 16), heads(2, 4, 9, 16, seed=1), torch.arange(9)
    cos, sin = modeling_gpt_neox.GPTNeoXRotaryEmbedding(config)(q, positions[None])
    assert cos.shape[-1] == 4
    ours = RotaryPositions(16, fraction=0.25).rotate(q, k, positions)
    torch.testing.assert_close(ours, modeling_gpt_neox.apply_rotary_pos_emb(q, k, cos, sin))


@pytest.mark.equals(
    "helpers.positions.apply_rope",
    "transformers.models.gptj.modeling_gptj.apply_rotary_pos_emb",
    "rotated queries, neighbours paired",
)
def test_neighbours_paired_equal_gpt_j():
    x, positions = heads(2, 4, 9, 16), torch.arange(9)
    sin, cos = modeling_gptj.create_sinusoidal_positions(9, 16).chunk(2, dim=-1)
    theirs = modeling_gptj.apply_rotary_pos_emb(x.transpose(1, 2), sin[None], cos[None]).transpose(1, 2)
    torch.testing.assert_close(apply_rope(x, rope_angles(positions, rope_frequencies(16)), "interleaved"), theirs)


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_rows_that_are_padded_differently_take_their_own_positions(pairing):
    q, k = heads(2, 4, 3, 16), heads(2, 2, 3, 16, seed=1)
    positions = torch.tensor([[5, 6, 7], [0, 0, 1]])
    together = RotaryPositions(16, pairing=pairing).rotate(q, k, positions)
    for row in range(2):
        alone = RotaryPositions(16, pairing=pairing).rotate(q[row : row + 1], k[row : row + 1], positions[row])
        for both, one in zip(together, alone, strict=True):
            torch.testing.assert_close(both[row : row + 1], one)


def test_cosines_and_sines_are_made_once_for_all_layers_of_a_call():
    class Counting(YarnScaling):
        n_calls = 0

        @property
        def attention_factor(self):
            Counting.n_calls += 1
            return 1.0

    scheme, q, positions = RotaryPositions(16, scaling=Counting(1.0, 64)), heads(1, 2, 5, 16), torch.arange(5)
    first = scheme.rotate(q, q, positions)
    assert torch.equal(scheme.rotate(q, q, positions)[0], first[0])
    assert Counting.n_calls == 1
    later = scheme.rotate(q, q, positions + 3)
    assert Counting.n_calls == 2
    assert not torch.allclose(later[0], first[0])


@pytest.mark.parametrize("pairing", PAIRINGS)
@pytest.mark.parametrize("made_inside", [False, True])
def test_what_was_remembered_in_inference_mode_serves_training_too(pairing, made_inside):
    scheme, x, positions = RotaryPositions(16, pairing=pairing), heads(1, 2, 5, 16), torch.arange(5)
    with torch.inference_mode():
        positions = positions.clone() if made_inside else positions
        before, _ = scheme.rotate(x, x, positions)
    q = x.clone().requires_grad_()
    turned, _ = scheme.rotate(q, x, positions)
    turned.square().sum().backward()
    torch.testing.assert_close(turned, before.clone())
    torch.testing.assert_close(q.grad, 2 * q)  # lengths are kept, so is their gradient
    copy.deepcopy(scheme)


@pytest.mark.parametrize("pairing", PAIRINGS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_angles_are_exact_at_far_positions_in_sixteen_bits(pairing, dtype):
    q, far = heads(1, 2, 3, 16), torch.arange(5001, 5004)
    scheme = RotaryPositions(16, pairing=pairing)
    exact, _ = scheme.rotate(q, q, far)
    scheme.to(dtype)
    short, _ = scheme.rotate(q.to(dtype), q.to(dtype), far)
    assert short.dtype == dtype
    torch.testing.assert_close(short.float(), exact, atol=0.04, rtol=0)  # 2⁻⁸ of values up to 3, some terms each


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_a_model_moved_off_the_meta_device_turns_as_if_built_in_place(pairing):
    with torch.device("meta"):
        scheme = RotaryPositions(16, pairing=pairing)
        nothing, _ = scheme.rotate(torch.zeros(1, 2, 5, 16), torch.zeros(1, 2, 5, 16), torch.arange(5))
    assert nothing.is_meta
    scheme, q, positions = scheme.to_empty(device="cpu"), heads(1, 2, 5, 16), torch.arange(5)
    expected = RotaryPositions(16, pairing=pairing).rotate(q, q, positions)
    torch.testing.assert_close(scheme.rotate(q, q, positions), expected)
    assert not scheme.state_dict()


def test_the_scale_of_attention_reaches_queries_and_keys():
    q, scaling = heads(1, 2, 5, 16), YarnScaling(4.0, 64)
    for pairing in PAIRINGS:
        turned, _ = RotaryPositions(16, pairing=pairing, scaling=scaling).rotate(q, q, torch.arange(5))
        torch.testing.assert_close(turned.norm(dim=-1), q.norm(dim=-1) * scaling.attention_factor)


@pytest.mark.parametrize(("d_head", "fraction"), [(5, 1.0), (16, 0.2), (16, 0.05), (16, 1.5)])
def test_coordinates_that_leave_one_without_a_partner_are_an_error(d_head, fraction):
    with pytest.raises(ValueError, match=f"d_head={d_head} and fraction={fraction}"):
        RotaryPositions(d_head, fraction=fraction)


def test_an_unknown_pairing_lists_the_known_ones():
    with pytest.raises(ValueError, match="half, interleaved, got 'thirds'"):
        RotaryPositions(16, pairing="thirds")
    with pytest.raises(ValueError, match="half, interleaved, got 'thirds'"):
        apply_rope(heads(5, 16), angles_of(range(5), 16), "thirds")


def test_more_angles_than_pairs_and_an_odd_width_are_errors():
    with pytest.raises(ValueError, match="got 8 angles for 8"):
        apply_rope(heads(5, 8), angles_of(range(5), 16))
    with pytest.raises(ValueError, match="even, got d=5"):
        rope_frequencies(5)
