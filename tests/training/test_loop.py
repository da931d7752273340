import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.models import Classifier, Decoder, DecoderConfig
from helpers.training import (
    Batch,
    LabelledBatch,
    TextBatches,
    adamw,
    classification_loss,
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


def ragged_batch():
    """Rows that ask for 11, 1, 6 and 0 tokens."""
    inputs = torch.randint(17, (4, 12), generator=torch.Generator().manual_seed(0))
    targets = inputs.roll(-1, dims=1)
    for row, n_asked in enumerate((11, 1, 6, 0)):
        targets[row, n_asked:] = -100
    return Batch(inputs, targets)


def one_step(batch, loss=next_token_loss, **options):
    """The record and the gradients of one step, not clipped."""
    model, optimizer = new_run()
    steps = train(model, [batch], loss, optimizer, lambda step: 1.0, 1, max_grad_norm=1e9, **options)
    return next(steps), [p.grad for p in model.parameters()]


@pytest.mark.parametrize("n_parts", [2, 3, 4, 9])
def test_parts_of_a_batch_give_the_gradients_of_the_whole_though_they_hold_different_numbers_of_tokens(n_parts):
    whole, expected = one_step(ragged_batch())
    record, gradients = one_step(ragged_batch(), n_micro_batches=n_parts)
    torch.testing.assert_close(gradients, expected)
    for name in ("loss", "grad_norm", "tokens"):
        assert record[name] == pytest.approx(whole[name])
    plain_mean = [next_token_loss(new_run()[0], part).item() for part, _ in ragged_batch().micro_batches(n_parts)]
    assert sum(plain_mean) / len(plain_mean) != pytest.approx(whole["loss"], rel=1e-3)


def test_the_parts_go_through_the_model_one_by_one():
    rows = []

    def loss(model, batch):
        rows.append(len(batch.inputs))
        return next_token_loss(model, batch)

    one_step(ragged_batch(), loss, n_micro_batches=2)
    assert rows == [2, 2]


def test_parts_of_a_labelled_batch_count_by_their_texts():
    batch = LabelledBatch(torch.randint(17, (5, 8)), torch.tensor([7, 1, 3, 2, 5]), torch.tensor([0, 1, 1, 0, 1]))
    torch.manual_seed(0)
    model = Classifier(Decoder(CONFIG), 2)
    whole = torch.autograd.grad(classification_loss(model, batch), list(model.parameters()), allow_unused=True)
    parts = batch.micro_batches(2)
    assert [share for _, share in parts] == [0.6, 0.4]
    total = sum(classification_loss(model, part) * share for part, share in parts)
    torch.testing.assert_close(torch.autograd.grad(total, list(model.parameters()), allow_unused=True), whole)


def test_a_batch_that_cannot_be_split_trains_whole_and_says_what_it_lacks():
    class Whole:
        def __init__(self, batch):
            self.inputs, self.targets, self.n_tokens = batch.inputs, batch.targets, batch.n_tokens

        def to(self, device):
            return self

    def loss(model, whole):
        return next_token_loss(model, Batch(whole.inputs, whole.targets))

    assert one_step(Whole(ragged_batch()), loss)[0]["loss"] == one_step(ragged_batch())[0]["loss"]
    with pytest.raises(TypeError, match=r"micro_batches\(n\) .* Whole has none: train with n_micro_batches=1"):
        one_step(Whole(ragged_batch()), loss, n_micro_batches=2)
    with pytest.raises(ValueError, match="1 part or more, got n_micro_batches=0"):
        one_step(ragged_batch(), n_micro_batches=0)


def test_the_gradient_is_cut_to_the_longest_allowed_and_recorded_as_it_was():
    long = run(*new_run(), n_steps=1, max_grad_norm=1e9)[0]["grad_norm"]
    model, optimizer = new_run()
    record = run(model, optimizer, n_steps=1, max_grad_norm=0.1)[0]
    assert record["grad_norm"] == long > 0.5
    clipped = torch.cat([p.grad.flatten() for p in model.parameters()]).norm()
    assert clipped.item() == pytest.approx(0.1, rel=1e-4)


def test_a_gradient_that_is_no_number_stops_before_it_reaches_the_weights():
    model, optimizer = new_run()
    before = [p.clone() for p in model.parameters()]

    def loss(m, b):  # the root is 0 where its slope is infinite
        return next_token_loss(m, b) + (next(m.parameters()).sum() * 0).sqrt()

    with pytest.raises(FloatingPointError, match="the grad_norm is nan at step 0"):
        next(train(model, TextBatches(TEXT, 4, 12), loss, optimizer, warmup_cosine(10, 2), 10))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))


def test_a_step_waits_for_the_device_once():
    class Waits(TorchDispatchMode):
        n = 0

        def __torch_dispatch__(self, op, types, args=(), kwargs=None):
            self.n += op is torch.ops.aten._local_scalar_dense.default  # what item() and bool() do
            return op(*args, **(kwargs or {}))

    def waits(n_steps):
        with Waits() as counted:
            run(*new_run(), n_steps=n_steps, n_micro_batches=1)
        return counted.n

    # tolist() is the one wait, and is not counted; item() here is the counting of tokens before the batch is moved
    assert waits(5) - waits(4) <= 1
