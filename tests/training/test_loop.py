import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.training import (
    Batch,
    TextBatches,
    adamw,
    next_token_loss,
    train,
    warmup_cosine,
)

CONFIG = DecoderConfig(vocab_size=17, context_length=12, d_model=16, n_layers=1, n_heads=2)
TEXT = torch.arange(400).remainder(17)


def new_run(seed=0, lr=1e-2):
    torch.manual_seed(seed)
    model = Decoder(CONFIG)
    return model, adamw(model, lr=lr)


def run(model, optimizer, n_steps=20, batches=None, **options):
    batches = batches or TextBatches(TEXT, batch_size=4, context_length=12)
    return list(train(model, batches, next_token_loss, optimizer, warmup_cosine(40, 5), n_steps, **options))


def test_a_tiny_model_learns_a_regular_text_almost_perfectly():
    records = run(*new_run(lr=3e-2), n_steps=40)
    assert records[0]["loss"] > 2.5
    assert records[-1]["loss"] < 0.3


def test_on_shuffled_targets_the_loss_stays_near_uniform():
    noise = TextBatches(torch.randint(17, (5000,), generator=torch.Generator().manual_seed(0)), 8, 12)
    assert run(*new_run(), n_steps=40, batches=noise)[-1]["loss"] > 0.9 * torch.log(torch.tensor(17.0))


def test_records_say_what_happened():
    record = run(*new_run(), n_steps=3)[-1]
    assert record["step"] == 2
    assert record["lr"] == pytest.approx(1e-2 * 3 / 5)
    assert record["tokens"] == 4 * 12
    assert record["tokens_per_second"] > 0


def test_a_loss_that_is_no_number_stops_before_it_reaches_the_weights():
    model, optimizer = new_run()
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(FloatingPointError, match="step 0: try a lower learning rate"):
        list(
            train(
                model,
                TextBatches(TEXT, 4, 12),
                lambda m, b: next_token_loss(m, b) * float("nan"),
                optimizer,
                warmup_cosine(10, 2),
                10,
            )
        )
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))


def test_padding_is_not_counted_in_the_loss():
    model, _ = new_run()
    inputs = torch.tensor([[1, 2, 3, 4]])
    short = next_token_loss(model, Batch(inputs[:, :2], torch.tensor([[2, 3]])))
    padded = next_token_loss(model, Batch(inputs, torch.tensor([[2, 3, -100, -100]])))
    torch.testing.assert_close(short, padded)
