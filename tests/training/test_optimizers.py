import copy

import pytest
import torch
from torch import nn

from helpers.models import Decoder, DecoderConfig
from helpers.training import TextBatches, adamw, next_token_loss, train
from helpers.training.adam import AdamW

CONFIG = DecoderConfig(vocab_size=17, context_length=12, d_model=16, n_layers=1, n_heads=2)
BATCHES = TextBatches(torch.arange(400).remainder(17), batch_size=4, context_length=12)
SETTINGS = {"lr": 0.05, "betas": (0.8, 0.97), "eps": 1e-6, "weight_decay": 0.3}


def weights(seed=0):
    chance = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=chance)) for shape in ((5, 3), (4,), ())]


def move(optimizer, parameters, first, last):
    """Random gradients under a moving rate; in two steps of three the second weight has none."""
    for step in range(first, last):
        chance = torch.Generator().manual_seed(step)
        for group in optimizer.param_groups:
            group["lr"] = SETTINGS["lr"] * (1 + step % 7) / 7
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=chance) * 10.0 ** (step % 5 - 3)
        if step % 3:
            parameters[1].grad = None
        optimizer.step()


@pytest.mark.equals("helpers.training.adam.AdamW", "torch.optim.AdamW", "weights after 200 steps")
def test_it_moves_weights_as_torchs_own():
    ours, theirs = weights(), weights()
    move(AdamW(ours, **SETTINGS), ours, 0, 200)
    move(torch.optim.AdamW(theirs, **SETTINGS), theirs, 0, 200)
    for a, b, start in zip(ours, theirs, weights(), strict=True):
        torch.testing.assert_close(a, b)
        assert (a - start).abs().min() > 0.01


@pytest.mark.equals("helpers.training.adam.AdamW", "torch.optim.AdamW", "losses of a training run")
def test_a_model_learns_as_with_torchs_own():
    def losses(fresh):
        torch.manual_seed(0)
        model = Decoder(CONFIG)
        schedule = lambda step: 1 / (1 + step / 10)  # noqa: E731
        return [r["loss"] for r in train(model, BATCHES, next_token_loss, fresh(model), schedule, 30)]

    ours = losses(lambda model: AdamW(adamw(model, 1e-2).param_groups))
    torch.testing.assert_close(ours, losses(lambda model: adamw(model, 1e-2)), rtol=1e-5, atol=1e-5)
    assert ours[-1] < ours[0] - 1


def test_the_first_step_is_as_long_as_the_rate_whatever_the_size_of_the_gradient():
    weight = nn.Parameter(torch.zeros(3))
    weight.grad = torch.tensor([1e-3, -1.0, 1e3])
    AdamW([weight], lr=0.1).step()
    torch.testing.assert_close(weight.detach(), torch.tensor([-0.1, 0.1, -0.1]))


def test_decay_does_not_pass_through_the_gradient():
    weight = nn.Parameter(torch.tensor([2.0, 2.0]))
    weight.grad = torch.tensor([1e-3, 1e3])
    AdamW([weight], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(weight.detach(), torch.full((2,), 2 * (1 - 0.1 * 0.5) - 0.1))


def test_a_weight_without_a_gradient_neither_moves_nor_decays():
    parameters = weights()
    before = parameters[1].detach().clone()
    optimizer = AdamW(parameters, **SETTINGS)
    parameters[0].grad = torch.ones_like(parameters[0])
    optimizer.step()
    assert torch.equal(parameters[1], before)
    assert parameters[1] not in optimizer.state


def test_its_state_taken_half_way_goes_on_bit_equal():
    straight = weights()
    optimizer = AdamW(straight, **SETTINGS)
    move(optimizer, straight, 0, 20)
    state, resumed = copy.deepcopy(optimizer.state_dict()), copy.deepcopy(straight)
    move(optimizer, straight, 20, 40)
    again = AdamW(resumed, lr=9.0)
    again.load_state_dict(state)
    move(again, resumed, 20, 40)
    assert all(torch.equal(a, b) for a, b in zip(straight, resumed, strict=True))


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match=r"from 0 to below 1, got betas=\(0.9, 1.0\)"):
        AdamW(weights(), betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="without a closure"):
        AdamW(weights()).step(lambda: 0.0)


def test_only_matrices_decay():
    model = Decoder(CONFIG)
    optimizer = adamw(model, lr=1e-2)
    decayed = {id(p) for g in optimizer.param_groups if g["weight_decay"] for p in g["params"]}
    assert {n for n, p in model.named_parameters() if id(p) not in decayed} == {
        n for n, p in model.named_parameters() if p.ndim < 2
    }
