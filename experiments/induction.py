"""The moment at which a decoder learns to look things up in its prompt: two layers, and one as control.

Source: Olsson et al. 2022, "In-context Learning and Induction Heads", arXiv:2209.11895, argument 1.

The number of layers comes first on the command line (`python experiments/induction.py 1`); runs add up in the record.
"""

import sys
import time
from typing import Any

import torch
from recording import merged, record

from helpers.corpora.associations import N_SYMBOLS, associations, is_known
from helpers.interpret import induction_score
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import best_device, generator, seed_everything
from helpers.training import Batch, muon_and_adamw, next_token_loss, train, warmup_stable_decay
from helpers.training.batches import IGNORE, batch_chance

SEEDS = [101, 102, 103]
N_STEPS, N_WARMUP, ROWS, N_PAIRS, EVERY = 300, 20, 64, 16, 10
SIZES: dict[str, Any] = {
    "vocab_size": 2 * N_SYMBOLS, "context_length": 2 * N_PAIRS, "d_model": 64, "n_heads": 1, "d_ff": 64,
    "positions": "rope",
}  # fmt: skip


class AssociationBatches:
    """New dictionaries at every step; only labels are asked for."""

    def __init__(self, seed: int):
        self.seed = seed

    def __getitem__(self, step: int) -> Batch:
        ids = associations(ROWS, N_PAIRS, batch_chance(self.seed, step))
        targets = ids[:, 1:].clone()
        targets[:, 1::2] = IGNORE  # the next symbol is a draw
        return Batch(ids[:, :-1], targets)


@torch.inference_mode()
def measured(model: Decoder, ids: torch.Tensor) -> dict[str, Any]:
    """Accuracy where the label is known, the best induction score, and how the first looks from label to symbol."""
    maps: list[torch.Tensor] = []
    said = model(ids[:, :-1], maps=maps).argmax(-1)[:, ::2]
    right = (said == ids[:, 1::2]).float()
    known = is_known(ids)
    inputs = ids[:, :-1]
    return {
        "known": right[known].mean().item(),
        "by_shots": right.mean(0).tolist(),
        "induction": max(induction_score(layer, inputs, every=2)[0].item() for layer in maps),
        "previous": maps[0][:, 0].diagonal(-1, dim1=1, dim2=2)[:, ::2].mean().item(),
    }


def run(n_layers: int, seed: int) -> dict[str, Any]:
    """Loss at every tenth step beside what the heads do."""
    seed_everything(seed)
    model = Decoder(DecoderConfig(n_layers=n_layers, **SIZES)).to(best_device())
    held = associations(200, N_PAIRS, generator(10**6), fewest=N_SYMBOLS)
    optimizer, schedule = muon_and_adamw(model), warmup_stable_decay(N_STEPS, N_WARMUP, 0)
    found: dict[str, list[float]] = {name: [] for name in ("step", "loss", "known", "induction", "previous")}
    losses = []
    for step in train(model, AssociationBatches(seed), next_token_loss, optimizer, schedule, N_STEPS):
        losses.append(step["loss"])
        if len(losses) % EVERY == 0:
            now = measured(model, held) | {"step": len(losses), "loss": sum(losses[-EVERY:]) / EVERY}
            for name, values in found.items():
                values.append(now[name])
    by_shots = measured(model, held)["by_shots"]
    print(f"seed {seed}, {n_layers} layers: {[values[-1] for values in found.values()]}", flush=True)
    return {**found, "by_shots": by_shots}


if __name__ == "__main__":
    settings = {"n_steps": N_STEPS, "rows": ROWS, "n_pairs": N_PAIRS, "every": EVERY, "sizes": SIZES}
    n_layers, *seeds = sys.argv[1:] or ["2"]
    for seed in map(int, seeds or SEEDS):
        began = time.time()
        values = {"settings": settings, "runs": {n_layers: {str(seed): run(int(n_layers), seed)}}}
        record("induction", merged("induction", values), SEEDS, began)
