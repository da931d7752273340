import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.positions import LearnedPositions, NoPositions

SMALL = DecoderConfig(vocab_size=11, context_length=8, d_model=16, n_layers=1, n_heads=2)


def test_the_same_embedding_differs_by_place_with_learned_positions_only():
    x, positions = torch.ones(1, 4, 6), torch.arange(4)
    with_table = LearnedPositions(8, 6).add_to_embeddings(x, positions)
    assert not torch.allclose(with_table[:, 0], with_table[:, 1])
    assert torch.equal(NoPositions(8, 6).add_to_embeddings(x, positions), x)


def test_the_table_ends_at_the_context_length():
    with pytest.raises(ValueError, match="8 positions long, got 9"):
        Decoder(SMALL)(torch.zeros(1, 9, dtype=torch.long))


def test_without_positions_swapping_two_earlier_tokens_leaves_the_last_prediction_alone():
    ids, swapped = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[2, 1, 3, 4]])
    blind = Decoder(SMALL.but(positions="none"))
    torch.testing.assert_close(blind(ids)[:, -1], blind(swapped)[:, -1])
    seeing = Decoder(SMALL)
    assert not torch.allclose(seeing(ids)[:, -1], seeing(swapped)[:, -1])
