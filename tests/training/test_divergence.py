import pytest
import torch

from helpers import records as recorded
from helpers.models import Decoder, DecoderConfig
from helpers.training import TextBatches, adamw, next_token_loss, train, warmup_cosine
from helpers.training.divergence import DivergenceError, Spike, spikes, stopped_if_diverging

SEEDS = recorded.load("gpt_on_tales")["values"]["losses"]


def as_records(losses, norm=lambda step: 1.0):
    return [{"step": s, "loss": float(v), "grad_norm": norm(s), "lr": 0.1} for s, v in enumerate(losses)]


def between(points, steps_each=10):
    """A recorded curve has one point for ten steps: a line between each two."""
    points = torch.tensor(points)
    return torch.nn.functional.interpolate(points[None, None], scale_factor=steps_each, mode="linear")[0, 0]


def noisy(curve, size, seed=0):
    return curve + size * torch.randn(len(curve), generator=torch.Generator().manual_seed(seed))


def tiny_run(lr, n_steps=150):
    torch.manual_seed(0)
    model = Decoder(DecoderConfig(vocab_size=17, context_length=12, d_model=16, n_layers=1, n_heads=2))
    text = torch.randint(17, (200,), generator=torch.Generator().manual_seed(0)).repeat_interleave(2)
    batches, optimizer = TextBatches(text, batch_size=4, context_length=12), adamw(model, lr)
    return train(model, batches, next_token_loss, optimizer, warmup_cosine(n_steps, 5), n_steps)


@pytest.mark.parametrize("seed", range(len(SEEDS)))
@pytest.mark.parametrize("size", [0.0, 0.02, 0.1])
def test_the_recorded_runs_pass_with_and_without_noise(seed, size):
    given = as_records(noisy(between(SEEDS[seed]), size, seed))
    seen = list(stopped_if_diverging(given))
    assert [{k: v for k, v in r.items() if k != "spike"} for r in seen] == given
    assert spikes(seen) == []


@pytest.mark.parametrize("begin", [60, 300, 550])
@pytest.mark.parametrize(("speed", "within"), [(0.3, 25), (0.02, 55)])
def test_a_recorded_run_whose_loss_turns_upwards_is_caught_soon(begin, speed, within):
    losses = between(SEEDS[0])
    losses[begin:] = losses[begin] + speed * torch.arange(len(losses) - begin)
    assert begin + 20 < caught_at(as_records(noisy(losses, 0.02))) < begin + within


def caught_at(records, **options):
    last = None
    try:
        for record in stopped_if_diverging(records, **options):
            last = record["step"]
    except DivergenceError:
        return last
    return None


def test_a_far_too_high_rate_is_caught_early_and_a_good_one_is_left_alone():
    assert caught_at(tiny_run(lr=1e-2)) is None
    assert caught_at(tiny_run(lr=3.0)) < 35


def test_noise_alone_is_no_divergence_even_when_the_first_loss_was_lucky():
    for seed in range(30):
        chance = torch.Generator().manual_seed(seed)
        losses = (0.69 + 0.3 * torch.randn(200, generator=chance)).clamp(min=0.05)
        losses[0] = 0.4
        assert caught_at(as_records(losses)) is None


def test_a_spike_that_heals_is_reported_and_the_run_goes_on():
    losses = noisy(between(SEEDS[0]), 0.02)
    losses[300:306] = torch.tensor([1.9, 3.0, 6.0, 5.0, 3.0, 2.0])
    losses[450] = 50.0
    seen = list(stopped_if_diverging(as_records(losses)))
    assert len(seen) == len(losses)
    assert spikes(seen) == [Spike(300, 305, 6.0), Spike(450, 450, 50.0)]


def test_the_error_names_the_step_the_losses_and_the_rate_and_comes_after_the_record():
    records = stopped_if_diverging(as_records([2.0] * 30 + [9.0] * 100))
    seen = [next(records) for _ in range(52)]
    with pytest.raises(DivergenceError) as caught:
        next(records)
    assert "at step 51: the loss was 2 at its best and has stayed above 2.5 for 20 steps, now 9" in str(caught.value)
    assert "Lower the learning rate (0.1 at this step) or lengthen the warm-up" in str(caught.value)
    assert seen[-1]["step"] == 51


def test_a_gradient_that_explodes_is_caught_and_one_large_one_is_not():
    flat = [1.0] * 80
    assert caught_at(as_records(flat, norm=lambda step: 1e3 if step == 40 else 1.0)) is None
    assert caught_at(as_records(flat, norm=lambda step: 1e3 if step >= 40 else 1.0)) == 42
    assert caught_at(as_records(flat, norm=lambda step: 50.0 if step >= 40 else 1.0)) is None
    assert caught_at(as_records(flat, norm=lambda step: 0.0 if step < 60 else 1.0)) is None


def test_a_loss_that_is_no_number_ends_the_run_as_before():
    def failing():
        yield from as_records([1.0, 1.0])
        raise FloatingPointError("the loss is nan")

    with pytest.raises(FloatingPointError, match="nan"):
        list(stopped_if_diverging(failing()))
