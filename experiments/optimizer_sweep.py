"""AdamW against Muon, each at every rate of a sweep, so that neither is judged at a rate that suits the other.

The same small decoder on the same stories for the same number of steps, over three seeds. Muon's runs move embeddings,
head and norms with AdamW, at three tenths of Muon's rate.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from recording import record

from helpers import checkpoints, evaluation
from helpers.corpora import tales
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import seed_everything
from helpers.tokenizers import BPETokenizer
from helpers.training import StoryBatches, adamw, muon_and_adamw, next_token_loss, train, warmup_cosine
from helpers.training.learning_rate_sweep import trial
from helpers.training.loop import Record
from helpers.training.recipes import WORDS, silence_outputs

SEEDS = [0, 1, 2]
N_STEPS, N_WARMUP, N_STORIES = 150, 15, 4
SIZES = {"d_model": 48, "n_layers": 2}
OPTIMIZERS: dict[str, Callable[[Decoder, float], torch.optim.Optimizer]] = {
    "AdamW": adamw,
    "Muon": lambda model, lr: muon_and_adamw(model, lr, 0.3 * lr),
}
RATES = {
    "AdamW": [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064],
    "Muon": [0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16],
}


def run(optimizer: str, tokenizer: BPETokenizer, seed: int, lr: float) -> Iterator[Record]:
    """A fresh small decoder and its training at one rate."""
    seed_everything(seed)
    model = Decoder(DecoderConfig(vocab_size=tokenizer.vocab_size, **{**WORDS, **SIZES}))
    silence_outputs(model)
    batches = StoryBatches(partial(tales.stories, N_STORIES), tokenizer, model.config.context_length, seed + 1)
    schedule = warmup_cosine(N_STEPS, N_WARMUP)
    yield from train(model, batches, next_token_loss, OPTIMIZERS[optimizer](model, lr), schedule, N_STEPS)


def smooth(losses: list[float], n: int = 10) -> list[float]:
    """The mean of each ten steps."""
    return [sum(losses[i : i + n]) / n for i in range(0, len(losses) - n + 1, n)]


if __name__ == "__main__":
    tokenizer = checkpoints.load("gpt-tales")[1]
    values: dict[str, Any] = {"n_steps": N_STEPS, "words": {**WORDS, **SIZES}}
    for name, rates in RATES.items():
        trials = [[trial(partial(run, name, tokenizer, seed), lr, seed) for seed in SEEDS] for lr in rates]
        losses = [[t.loss for t in row] for row in trials]
        best = min(range(len(rates)), key=lambda i: sum(losses[i]))
        values[name] = {
            "rates": rates,
            "losses": [[-1.0 if t.has_diverged else t.loss for t in row] for row in trials],
            "best": rates[best],
            "curves": [smooth(t.losses) for t in trials[best]],
            "at_best": list(evaluation.mean_with_error(losses[best])),
        }
        print(name, rates, values[name]["losses"], flush=True)
    record("optimizer_sweep", values, SEEDS, began=time.time() - time.process_time())
