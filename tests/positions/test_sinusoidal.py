import math

import pytest
import torch
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

from helpers.positions import SinusoidalPositions, rope_angles, rope_frequencies, sinusoids


def test_the_formula_of_the_paper_by_hand():
    waves = sinusoids(torch.arange(10), 6)
    for position, i in ((0, 0), (7, 0), (7, 1), (9, 2)):
        angle = position / 10_000 ** (2 * i / 6)
        assert waves[position, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert waves[position, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


@pytest.mark.equals(
    "helpers.positions.sinusoids",
    "transformers.models.marian.modeling_marian.MarianSinusoidalPositionalEmbedding",
    "the waves, Marian's order of coordinates undone: it has all sines first",
)
def test_they_are_marians_with_sines_and_cosines_alternating():
    theirs = MarianSinusoidalPositionalEmbedding(50, 16)
    sines, cosines = theirs.create_weight().chunk(2, dim=-1)
    torch.testing.assert_close(sinusoids(torch.arange(50), 16), torch.stack((sines, cosines), -1).flatten(-2))


def test_moving_by_some_positions_is_one_rotation_wherever_one_starts():
    waves = sinusoids(torch.arange(200), 16)
    sines_and_cosines_of_five = waves[5].view(8, 2).tolist()
    shift = torch.block_diag(*(torch.tensor([[cos, -sin], [sin, cos]]) for sin, cos in sines_and_cosines_of_five))
    torch.testing.assert_close(waves[:-5] @ shift, waves[5:], atol=1e-4, rtol=0)  # 200 · 2⁻²⁴ radians
    torch.testing.assert_close(shift.T @ shift, torch.eye(16))


def test_the_product_of_two_positions_depends_on_their_distance_only():
    waves = sinusoids(torch.arange(100), 32)
    products = waves @ waves.T
    torch.testing.assert_close(products[:-30, :-30], products[30:, 30:], atol=1e-4, rtol=0)  # 100 · 2⁻²⁴ radians
    assert products[0].argmax() == 0


def test_the_speeds_are_those_of_rope():
    sines = sinusoids(torch.arange(9), 8)[:, 0::2]
    torch.testing.assert_close(sines, rope_angles(torch.arange(9), rope_frequencies(8)).sin())


def test_it_has_no_parameters_and_goes_on_past_the_context_length():
    scheme = SinusoidalPositions(4, 8)
    assert not list(scheme.parameters())
    x = torch.zeros(1, 3, 8)
    torch.testing.assert_close(scheme.add_to_embeddings(x, torch.arange(9, 12))[0], sinusoids(torch.arange(9, 12), 8))


def test_rows_take_their_own_positions_and_the_stream_keeps_its_dtype():
    positions = torch.tensor([[0, 1, 2], [0, 0, 1]])
    added = SinusoidalPositions(4, 8).add_to_embeddings(torch.zeros(2, 3, 8).bfloat16(), positions)
    assert torch.equal(added, sinusoids(positions, 8).bfloat16())
    assert not torch.equal(added[0], added[1])


def test_an_odd_width_is_an_error():
    with pytest.raises(ValueError, match="even, got d_model=7"):
        SinusoidalPositions(4, 7)
