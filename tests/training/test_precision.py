import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.training import TextBatches, adamw, next_token_loss, train, warmup_cosine
from helpers.training import precision as precisions
from helpers.training.precision import autocast, has_bf16

SIZES = {"vocab_size": 17, "context_length": 12, "d_model": 16, "n_layers": 1, "n_heads": 2}
LLAMA = {"norm": "rms_norm", "positions": "rope", "mlp": "swiglu", "n_kv_heads": 1, "bias": False}
CPU = torch.device("cpu")


def run(precision, **words):
    torch.manual_seed(0)
    model = Decoder(DecoderConfig(**SIZES, **words))
    batches, optimizer = TextBatches(torch.arange(400).remainder(17), 4, 12), adamw(model, 1e-2)
    schedule = warmup_cosine(25, 5)
    losses = [r["loss"] for r in train(model, batches, next_token_loss, optimizer, schedule, 25, precision=precision)]
    return model, optimizer, losses


@pytest.mark.parametrize("words", [{}, LLAMA])
def test_bf16_learns_as_float32_does_and_weights_and_memory_stay_float32(words):
    model, optimizer, losses = run("bf16", **words)
    exact = run("float32", **words)[2]
    assert losses != exact
    # 8 bits of precision: half a per cent a product, averaged over many
    torch.testing.assert_close(losses, exact, rtol=0.03, atol=0.02)
    assert losses[-1] < losses[0] - 1
    kept = [*model.parameters(), *(p.grad for p in model.parameters()), *optimizer.state_dict()["state"][0].values()]
    assert {tensor.dtype for tensor in kept} == {torch.float32}


def test_the_products_are_made_in_bfloat16_only_inside_the_block():
    x, block = torch.randn(3, 3), autocast("bf16", CPU)
    for _ in range(2):
        with block:
            assert (x @ x).dtype == torch.bfloat16
        assert (x @ x).dtype == torch.float32
    with autocast("float32", CPU):
        assert (x @ x).dtype == torch.float32


def test_a_word_that_is_no_precision_and_a_device_without_it_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="one of 'float32', 'bf16', got 'fp16'"):
        run("fp16")
    with pytest.raises(RuntimeError, match="mps does not compute in bfloat16: train with precision='float32'"):
        autocast("bf16", torch.device("mps"))
    monkeypatch.setattr(precisions.torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert not has_bf16(torch.device("cuda"))
    monkeypatch.setattr(precisions.torch.cuda, "get_device_capability", lambda device: (8, 0))
    assert has_bf16(torch.device("cuda"))
