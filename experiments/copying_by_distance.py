"""Copy a string: through one vector, or with attention. Accuracy by the string's length, three seeds."""

import time

import torch
from recording import record
from torch import nn

from helpers import training
from helpers.models import EncoderDecoder, EncoderDecoderConfig
from helpers.models.recurrent_encoder_decoder import RecurrentEncoderDecoder
from helpers.runtime import n_parameters, seed_everything
from helpers.training.batches import batch_chance
from helpers.training.source_target import SourceTargetBatch, source_target_batch, target_loss

SEEDS = [101, 102, 103]
N_SYMBOLS, LONGEST, N_STEPS = 16, 24, 500
LENGTHS = [2, 4, 8, 12, 16, 20, 24]


def strings(n: int, length: int, chance: torch.Generator) -> SourceTargetBatch:
    """Random strings, each its own target."""
    rows = torch.randint(1, N_SYMBOLS + 1, (n, length), generator=chance).tolist()
    return source_target_batch(rows, rows, eot_id=0)


class Strings:
    """Batches of one length each, from 1 to `LONGEST`."""

    def __init__(self, seed: int):
        self.seed = seed

    def __getitem__(self, step: int) -> SourceTargetBatch:
        chance = batch_chance(self.seed, step)
        return strings(32, int(torch.randint(1, LONGEST + 1, (), generator=chance)), chance)


MODELS = {
    "attention": lambda: EncoderDecoder(
        EncoderDecoderConfig(N_SYMBOLS + 1, context_length=64, d_model=64, n_layers=1, n_heads=4, norm_position="pre")
    ),
    "one vector": lambda: RecurrentEncoderDecoder(N_SYMBOLS + 1, 100),
}


def accuracies(model: nn.Module, seed: int) -> list[float]:
    """Share of symbols copied right, by length, after training; the decoder is given the true beginning."""
    optimizer, schedule = training.adamw(model, 3e-3, 0.01, (0.9, 0.98)), training.warmup_cosine(N_STEPS, 50)
    for _ in training.train(model, Strings(seed), target_loss, optimizer, schedule, N_STEPS):
        pass
    shares = []
    with torch.inference_mode():
        for length in LENGTHS:
            batch = strings(100, length, torch.Generator().manual_seed(length))
            guess = model(batch.sources, batch.inputs, batch.source_mask).argmax(-1)
            shares.append((guess == batch.targets)[:, :-1].float().mean().item())
    return shares


if __name__ == "__main__":
    began = time.time()
    values: dict[str, object] = {"lengths": LENGTHS, "accuracy": {}, "parameters": {}}
    for name, build in MODELS.items():
        rows = []
        for seed in SEEDS:
            seed_everything(seed)
            model = build()
            rows.append(accuracies(model, seed))
            print(name, n_parameters(model), seed, rows[-1], round(time.time() - began), flush=True)
        values["accuracy"][name] = [list(column) for column in zip(*rows, strict=True)]
        values["parameters"][name] = n_parameters(model)
    record("copying_by_distance", values, SEEDS, began)
