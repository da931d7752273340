import torch

from helpers.models import EncoderConfig, MaskedLanguageModel
from helpers.training.batches import IGNORE
from helpers.training.masked import MaskedBatches, mask_tokens, masked_token_loss

WORDS = range(3, 50)
IDS = torch.randint(3, 50, (200, 100), generator=torch.Generator().manual_seed(0))


def masked(may_ask=None):
    may_ask = torch.ones_like(IDS, dtype=torch.bool) if may_ask is None else may_ask
    return mask_tokens(IDS, may_ask, 2, WORDS, torch.Generator().manual_seed(1))


def test_fifteen_percent_are_asked_for_and_of_these_eighty_are_hidden_and_ten_replaced():
    inputs, targets = masked()
    asked = targets != IGNORE
    assert abs(asked.float().mean() - 0.15) < 0.01
    is_mask, is_other = inputs[asked] == 2, (inputs[asked] != 2) & (inputs[asked] != IDS[asked])
    assert abs(is_mask.float().mean() - 0.8) < 0.03
    assert abs(is_other.float().mean() - 0.1 * 46 / 47) < 0.03  # a random word may be the same


def test_what_is_not_asked_for_stays_and_what_is_asked_for_is_the_truth():
    inputs, targets = masked()
    asked = targets != IGNORE
    assert torch.equal(inputs[~asked], IDS[~asked])
    assert torch.equal(targets[asked], IDS[asked])


def test_marks_and_padding_are_never_asked_for():
    _, targets = masked(IDS > 20)
    assert (IDS[targets != IGNORE] > 20).all()


def test_batches_repeat_by_number_and_ask_only_for_words():
    batches = MaskedBatches(lambda seed: [[1, 5, 6, 7] * 9, [1, 8]], mask_id=2, words=WORDS, seed=4)
    again, other = batches[3], batches[4]
    assert torch.equal(batches[3].inputs, again.inputs)
    assert not torch.equal(again.inputs, other.inputs)
    assert again.is_token.sum() == 38
    assert (again.targets[again.inputs == 1] == IGNORE).all()
    assert again.n_tokens == (again.targets != IGNORE).sum()


def test_the_loss_sees_only_the_places_that_are_asked_for():
    model = MaskedLanguageModel(EncoderConfig(50, 40, 8, 1, 2)).eval()
    batch = MaskedBatches(lambda seed: [[1, 5, 6, 7] * 9, [1, 8]], mask_id=2, words=WORDS)[0]
    logits = model(batch.inputs, mask=batch.is_token)
    asked = batch.targets != IGNORE
    by_hand = -logits.log_softmax(-1)[asked].gather(1, batch.targets[asked][:, None]).mean()
    torch.testing.assert_close(masked_token_loss(model, batch), by_hand)
