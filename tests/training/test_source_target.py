"""What an encoder-decoder sees in one step."""

import torch

from helpers import training
from helpers.models import EncoderDecoder, EncoderDecoderConfig
from helpers.runtime import seed_everything
from helpers.training.batches import IGNORE


def small_model() -> EncoderDecoder:
    seed_everything(1)
    return EncoderDecoder(EncoderDecoderConfig(9, context_length=16, d_model=16, n_layers=1, n_heads=2))


def test_the_target_is_given_one_step_late_and_asked_for_on_time():
    batch = training.source_target_batch([[1, 2], [3]], [[4, 5, 6], [7]], eot_id=0)
    assert batch.sources.tolist() == [[1, 2, 0], [3, 0, 0]]
    assert batch.source_mask.tolist() == [[True, True, True], [True, True, False]]
    assert batch.inputs.tolist() == [[0, 4, 5, 6], [0, 7, 0, 0]]
    assert batch.targets.tolist() == [[4, 5, 6, 0], [7, 0, IGNORE, IGNORE]]
    assert batch.n_tokens == 6


def test_filler_changes_no_loss():
    model = small_model()
    both = training.source_target_batch([[1, 2], [3]], [[4, 5, 6], [7]], eot_id=0)
    parts = [training.source_target_batch([s], [t], eot_id=0) for s, t in (([1, 2], [4, 5, 6]), ([3], [7]))]
    total = sum(training.target_loss(model, part) * part.n_tokens for part in parts)
    torch.testing.assert_close(training.target_loss(model, both) * both.n_tokens, total)


def test_the_source_matters():
    model = small_model()
    losses = [training.target_loss(model, training.source_target_batch([[s]], [[4]], eot_id=0)) for s in (1, 2)]
    assert not torch.isclose(*losses)


def test_a_step_sees_the_same_batch_again_and_each_step_another():
    def draw(seed: int) -> tuple[list[list[int]], list[list[int]]]:
        return [[seed % 7 + 1]], [[1]]

    batches = training.SourceTargetBatches(draw, eot_id=0, seed=3)
    assert torch.equal(batches[2].sources, batches[2].sources)
    assert not torch.equal(batches[2].sources, batches[3].sources)
