"""Tiny Shakespeare by characters on a CPU: how long until a validation loss of 1.88, that of nanoGPT's CPU recipe?

The peer is that recipe (4 layers, 4 heads, width 128, context 64, batch 12, 2,000 steps of AdamW from 1e-3 to 1e-4,
100 of them warm-up, no dropout) on the GPT-2 of `transformers`. Ours has no more parameters, the same batch, RMSNorm,
RoPE, normalised queries and keys, squared ReLU, no biases, outputs that start at zero, Muon. Both train side by side, a
twentieth of their steps at a time, so that a busy machine slows both; measuring the loss is not on the clock.

    python benchmarks/shakespeare.py
"""

from collections.abc import Iterator

import torch
from peers import gpt2
from torch import Tensor, nn

from helpers import evaluation, training
from helpers.corpora.real import tiny_shakespeare
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import Stopwatch, n_parameters, progress, seed_everything
from helpers.tokenizers import CharacterTokenizer

TARGET, CONTEXT, BATCH_SIZE, N_CHECKS = 1.88, 64, 12, 20


class Logits(nn.Module):
    """A model of `transformers` that gives its logits, as ours do."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> Tensor:
        return self.model(ids).logits


def peer_run(batches: training.TextBatches, vocab_size: int) -> tuple[nn.Module, Iterator[dict[str, float]], int]:
    """nanoGPT's model and recipe."""
    model, n_steps = Logits(gpt2(vocab_size, CONTEXT)), 2000
    optimizer = training.adamw(model, 1e-3, betas=(0.9, 0.99))
    schedule = training.warmup_cosine(n_steps, n_warmup=100, final=0.1)
    return model, training.train(model, batches, training.next_token_loss, optimizer, schedule, n_steps), n_steps


def our_run(batches: training.TextBatches, vocab_size: int) -> tuple[nn.Module, Iterator[dict[str, float]], int]:
    """The words of LLaMA and what came after it, with Muon."""
    words = dict(norm="rms_norm", embedding_norm=True, qk_norm=True, mlp="relu_squared", bias=False)
    far = dict(positions="rope", rope_base=200.0, tie_embeddings=False)  # 64 positions need no slower pair
    sizes = dict(vocab_size=vocab_size, context_length=CONTEXT, d_model=128, n_layers=4, n_heads=4)
    model, n_steps = Decoder(DecoderConfig(**sizes, **words, **far)), 240
    for name, matrix in model.blocks.named_parameters():
        if matrix.ndim == 2:  # what writes into the stream starts silent, the rest at the size Muon's steps go with
            nn.init.normal_(matrix, std=0.0 if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.05)
    optimizer = training.muon_and_adamw(model, muon_lr=0.04, adamw_lr=0.008, momentum=0.9)
    schedule = training.warmup_cosine(n_steps, n_warmup=10)
    return model, training.train(model, batches, training.next_token_loss, optimizer, schedule, n_steps), n_steps


def race(runs: dict[str, tuple[nn.Module, Iterator[dict[str, float]], int]], windows: Tensor) -> dict[str, float]:
    """Seconds of training until the target, or until the end of a run that stays above it."""
    seconds, arrived = dict.fromkeys(runs, 0.0), dict.fromkeys(runs, float("inf"))
    for check in progress(range(1, N_CHECKS + 1), title="both"):
        for name, (model, steps, n_steps) in runs.items():
            with Stopwatch() as watch:
                done = [next(steps)["step"] for _ in range(n_steps // N_CHECKS)][-1] + 1
            seconds[name] += watch.seconds
            loss = sum(evaluation.row_nats(model, windows[:, :-1], windows[:, 1:], 256)) / windows[:, 1:].numel()
            if loss <= TARGET:
                arrived[name] = min(arrived[name], seconds[name])
            if loss <= TARGET or check == N_CHECKS:
                print(f"{name:13} validation loss {loss:.3f} after {seconds[name]:6.1f} s, {done} steps")
    return {
        name: min(arrived[name], seconds[name]) for name in runs
    }  # who has not arrived has at least trained so long


def main() -> None:
    text = tiny_shakespeare()
    tokenizer, cut = CharacterTokenizer.train(text), int(0.9 * len(text))
    train_ids, validation_ids = (torch.tensor(tokenizer.encode(part)) for part in (text[:cut], text[cut:]))
    windows = validation_ids[: len(validation_ids) // (CONTEXT + 1) * (CONTEXT + 1)].view(-1, CONTEXT + 1)
    seed_everything(0)
    batches = training.TextBatches(train_ids, BATCH_SIZE, CONTEXT)
    runs = {"transformers": peer_run(batches, tokenizer.vocab_size), "helpers": our_run(batches, tokenizer.vocab_size)}
    sizes = {name: n_parameters(model) for name, (model, _, _) in runs.items()}
    print(f"parameters {sizes}, {torch.get_num_threads()} threads, target {TARGET} nats a character")
    assert sizes["helpers"] <= sizes["transformers"], "ours may not have more parameters"
    arrived = race(runs, windows)
    print(f"seconds until {TARGET}: { ({name: round(s, 1) for name, s in arrived.items()}) }")
    print(f"ratio of times {arrived['helpers'] / arrived['transformers']:.2f}")


if __name__ == "__main__":
    main()
