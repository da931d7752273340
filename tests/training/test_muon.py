import pytest
import torch
from torch import nn

from helpers.models import Decoder, DecoderConfig, RecurrentConfig, RecurrentDecoder
from helpers.training import TextBatches, load_checkpoint, next_token_loss, save_checkpoint, train
from helpers.training.muon import A, B, C, Muon, orthogonalise
from helpers.training.optimizers import muon_and_adamw

CONFIG = DecoderConfig(vocab_size=13, context_length=8, d_model=16, n_layers=2, n_heads=2)
BATCHES = TextBatches(torch.randint(13, (500,), generator=torch.Generator().manual_seed(0)), 4, 8)


def random(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (3, 5, 7)])
def test_singular_vectors_stay_and_singular_values_go_through_the_polynomial(shape):
    matrices = random(*shape)
    u, s, vh = torch.linalg.svd(matrices, full_matrices=False)
    s = s / (s.square().sum(-1, keepdim=True).sqrt() + 1e-7)
    for _ in range(5):
        s = A * s + B * s**3 + C * s**5
    torch.testing.assert_close(orthogonalise(matrices), u * s[..., None, :] @ vh)
    assert ((s > 0.65) & (s < 1.25)).all()


def moved_by(optimizer, start, gradients):
    parameter = nn.Parameter(start.clone())
    optimizer = optimizer([parameter])
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter.detach() - start


@pytest.mark.equals("helpers.training.muon.Muon", "torch.optim.Muon", "weights after four steps")
@pytest.mark.parametrize("shape", [(8, 8), (12, 5), (5, 12)])
def test_it_moves_weights_as_torchs_own(shape):
    start, gradients = (
        random(*shape, dtype=torch.float32),
        [random(*shape, seed=i, dtype=torch.float32) for i in range(4)],
    )
    ours = moved_by(lambda p: Muon(p, lr=0.1, weight_decay=0.3), start, gradients)
    theirs = moved_by(lambda p: torch.optim.Muon(p, lr=0.1, weight_decay=0.3), start, gradients)
    # theirs multiplies in bfloat16, which has 8 bits: a few per cent of a step of length 0.1
    torch.testing.assert_close(ours, theirs, atol=0.02, rtol=0)
    assert ours.abs().max() > 0.1


def test_every_direction_of_a_gradient_gets_a_step_of_the_same_length():
    weak_and_strong = torch.diag(torch.tensor([1.0, 0.1, 0.02]))
    step = moved_by(lambda p: Muon(p, lr=1.0), torch.zeros(3, 3), [weak_and_strong])
    assert (step.diagonal() < -0.65).all()


def test_vectors_are_sent_to_adamw():
    with pytest.raises(ValueError, match=r"shape \(3,\): give it to AdamW"):
        Muon([nn.Parameter(torch.zeros(3))])
    with pytest.raises(ValueError, match="this model has none"):
        muon_and_adamw(nn.Linear(2, 2))


def test_every_parameter_moves_once():
    model = Decoder(CONFIG)
    optimizer = muon_and_adamw(model)
    owned = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(owned) == sorted(map(id, model.parameters()))


def run(model, optimizer, first, n_steps):
    return [
        r["loss"]
        for r in train(
            model, BATCHES, next_token_loss, optimizer, lambda step: 1 / (1 + step), n_steps, first_step=first
        )
    ]


def test_a_run_goes_on_bit_equal_after_a_checkpoint(tmp_path):
    torch.manual_seed(0)
    model = Decoder(CONFIG)
    optimizer = muon_and_adamw(model)
    run(model, optimizer, 0, 3)
    save_checkpoint(tmp_path / "run.pt", model, optimizer, 3)
    expected = run(model, optimizer, 3, 6)
    again = Decoder(CONFIG)
    optimizer = muon_and_adamw(again)
    done = load_checkpoint(tmp_path / "run.pt", again, optimizer)
    assert run(again, optimizer, done, 6) == expected
    for ours, theirs in zip(again.parameters(), model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_mambas_decays_are_no_matrix_and_neither_orthogonalised_nor_pulled_to_zero():
    model = RecurrentDecoder(RecurrentConfig(vocab_size=13, d_model=16, n_layers=1))
    optimizer = muon_and_adamw(model, weight_decay=0.1)
    group = next(g for g in optimizer.param_groups if any(p is model.blocks[0].mixer.A_log for p in g["params"]))
    assert "betas" in group
    assert group["weight_decay"] == 0
    with pytest.raises(ValueError, match="without a closure"):
        optimizer.step(lambda: 0.0)
