import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2Model

from helpers.models import Decoder, DecoderConfig
from helpers.positions import LearnedPositions, NoPositions

SMALL = DecoderConfig(vocab_size=11, context_length=8, d_model=16, n_layers=1, n_heads=2)


def test_the_same_embedding_differs_by_place_with_learned_positions_only():
    x, positions = torch.ones(1, 4, 6), torch.arange(4)
    with_table = LearnedPositions(8, 6).add_to_embeddings(x, positions)
    assert not torch.allclose(with_table[:, 0], with_table[:, 1])
    assert torch.equal(NoPositions().add_to_embeddings(x, positions), x)


@pytest.mark.equals(
    "helpers.positions.LearnedPositions.add_to_embeddings", "transformers.GPT2Model", "embeddings with positions added"
)
def test_the_sum_equals_what_gpt2s_first_block_receives():
    theirs = GPT2Model(GPT2Config(vocab_size=11, n_positions=8, n_embd=16, n_layer=1, n_head=2, embd_pdrop=0.0))
    received = []
    theirs.h[0].register_forward_pre_hook(lambda block, inputs: received.append(inputs[0]))
    ids = torch.tensor([[3, 1, 4, 1, 5]])
    theirs(ids)
    ours = LearnedPositions(8, 16)
    ours.table.load_state_dict(theirs.wpe.state_dict())
    torch.testing.assert_close(ours.add_to_embeddings(theirs.wte(ids), torch.arange(5)), received[0])


def test_rows_that_are_padded_differently_take_their_own_positions():
    scheme, x = LearnedPositions(8, 6), torch.zeros(2, 3, 6)
    positions = torch.tensor([[0, 1, 2], [0, 0, 1]])
    torch.testing.assert_close(
        scheme.add_to_embeddings(x, positions), nn.functional.embedding(positions, scheme.table.weight)
    )


def test_the_model_says_where_its_context_ends():
    with pytest.raises(ValueError, match="8 positions long, got 9"):
        Decoder(SMALL)(torch.zeros(1, 9, dtype=torch.long))


@pytest.mark.parametrize("positions", [[6, 7, 8], [-1, 0, 1]])
def test_the_table_says_which_rows_it_has_and_which_were_asked_for(positions):
    with pytest.raises(ValueError, match=rf"rows 0 to 7, got positions {positions[0]} to {positions[-1]}"):
        LearnedPositions(8, 6).add_to_embeddings(torch.zeros(1, 3, 6), torch.tensor(positions))


def test_without_positions_swapping_two_earlier_tokens_leaves_the_last_prediction_alone():
    ids, swapped = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[2, 1, 3, 4]])
    blind = Decoder(SMALL.but(positions="none"))
    torch.testing.assert_close(blind(ids)[:, -1], blind(swapped)[:, -1])
    seeing = Decoder(SMALL)
    assert not torch.allclose(seeing(ids)[:, -1], seeing(swapped)[:, -1])


def test_no_positions_leaves_queries_keys_and_scores_alone():
    q, k, positions = torch.randn(1, 2, 3, 4), torch.randn(1, 1, 3, 4), torch.arange(3)
    turned_q, turned_k = NoPositions().rotate(q, k, positions)
    assert turned_q is q
    assert turned_k is k
    assert NoPositions().score_bias(positions, positions) is None
