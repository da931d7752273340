import math

import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.training import TextBatches, adamw, next_token_loss, train, warmup_cosine
from helpers.training.learning_rate_sweep import learning_rate_sweep

TEXT = torch.randint(17, (200,), generator=torch.Generator().manual_seed(0)).repeat_interleave(2)
BATCHES = TextBatches(TEXT, batch_size=4, context_length=12)


def short_run(lr, n_steps=80):
    model = Decoder(DecoderConfig(vocab_size=17, context_length=12, d_model=16, n_layers=1, n_heads=2))
    yield from train(model, BATCHES, next_token_loss, adamw(model, lr), warmup_cosine(n_steps, 5), n_steps)


def test_the_good_rates_are_found_between_those_too_low_and_those_that_diverge():
    trials = list(learning_rate_sweep(short_run, [1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3.0]))
    assert [t.lr for t in trials] == [1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3.0]
    assert min(trials, key=lambda t: t.loss).lr in (1e-2, 3e-2)
    assert trials[0].loss > trials[1].loss > trials[2].loss
    assert [t.has_diverged for t in trials] == [False] * 5 + [True]
    assert trials[-1].loss == math.inf
    assert len(trials[-1].losses) < 40, "it is stopped early"


def test_the_rate_is_all_that_differs_and_chance_outside_is_left_alone():
    before = torch.get_rng_state()
    first, again = learning_rate_sweep(short_run, [1e-2, 1e-2], seed=4)
    other = next(learning_rate_sweep(short_run, [1e-2], seed=5))
    assert first == again
    assert first.losses[0] != other.losses[0]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_rate_is_judged_by_the_last_tenth_of_its_run():
    def run(lr):
        return [{"step": s, "loss": 20.0 - s if s < 18 else lr, "grad_norm": 1.0, "lr": lr} for s in range(20)]

    assert next(learning_rate_sweep(run, [0.5])).loss == 0.5
    with pytest.raises(ValueError, match=r"run\(0.5\) gave no record"):
        next(learning_rate_sweep(lambda lr: [], [0.5]))


def test_a_loss_that_is_no_number_counts_as_divergence():
    def run(lr):
        yield {"step": 0, "loss": 1.0, "grad_norm": 1.0, "lr": lr}
        raise FloatingPointError("the loss is nan at step 1")

    assert next(learning_rate_sweep(run, [0.5])) == (0.5, math.inf, True, [1.0])
