import pytest
import torch

from helpers.interpret import found_by_heads, without_heads
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import seed_everything

IDS = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6]])


@pytest.fixture(params=[{}, {"n_kv_heads": 2, "positions": "rope", "bias": False}], ids=["gpt", "llama"])
def model(request):
    seed_everything(0)
    return Decoder(DecoderConfig(10, 16, d_model=24, n_layers=2, n_heads=4, **request.param)).eval()


def logits(model):
    with torch.inference_mode():
        return model(IDS)


def test_without_heads_something_changes_and_afterwards_all_is_as_it_was(model):
    before = logits(model)
    with without_heads(model, [(0, 1)]):
        assert not torch.allclose(logits(model), before)
    assert torch.equal(logits(model), before)


def test_a_head_without_columns_in_the_output_matrix_is_no_loss(model):
    with torch.no_grad():
        model.blocks[1].attention.o_proj.weight[:, 6:12] = 0  # head 1 owns these columns
    before = logits(model)
    with without_heads(model, [(1, 1)]):
        torch.testing.assert_close(logits(model), before)


def test_taking_a_head_out_is_the_same_as_erasing_its_columns(model):
    with without_heads(model, [(0, 2), (1, 0)]):
        hooked = logits(model)
    with torch.no_grad():
        model.blocks[0].attention.o_proj.weight[:, 12:18] = 0
        model.blocks[1].attention.o_proj.weight[:, :6] = 0
    torch.testing.assert_close(logits(model), hooked)


def test_only_the_chosen_heads_find_nothing(model):
    with without_heads(model, [(1, 3)]):
        found = found_by_heads(model, IDS)
    assert found.shape == (2, 1, 8, 4, 6)
    assert (found[1, :, :, 3] == 0).all()
    assert (found[1, :, :, :3] != 0).any(-1).all()
    assert (found[0] != 0).any(-1).all()


def test_what_is_given_instead_is_found_at_every_place(model):
    instead = torch.randn(2, 4, 6)
    with without_heads(model, [(0, 1), (0, 3)], instead):
        found = found_by_heads(model, IDS)
    torch.testing.assert_close(found[0, 0, :, [1, 3]], instead[0, [1, 3]].expand(8, 2, 6))


def test_hooks_go_even_when_the_block_fails(model):
    before = logits(model)
    with pytest.raises(RuntimeError, match="stop"), without_heads(model, [(0, 0)]):
        raise RuntimeError("stop")
    assert torch.equal(logits(model), before)


def test_a_head_that_is_not_there_is_named(model):
    with pytest.raises(ValueError, match=r"from \(0, 0\) to \(1, 3\), got \(2, 0\)"), without_heads(model, [(2, 0)]):
        pass
