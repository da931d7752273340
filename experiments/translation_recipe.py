"""How the chapter's Transformer learns to translate. The notebook says the same and asserts that the record agrees."""

from typing import Any

import torch

from helpers import sampling, training
from helpers.corpora import translation
from helpers.corpora.translation import Pair
from helpers.models import EncoderDecoder, EncoderDecoderConfig
from helpers.runtime import seed_everything
from helpers.tokenizers.words import WordTokenizer
from helpers.training.source_target import SourceTargetBatch, source_target_batch, target_loss

SIZES = {"context_length": 32, "d_model": 64, "n_layers": 2, "n_heads": 4}
PAIRS_PER_BATCH, N_STEPS, N_WARMUP, LEARNING_RATE = 32, 360, 40, 5e-3
TOKENIZER = WordTokenizer(translation.vocabulary())


def batch_of(pairs: list[Pair]) -> SourceTargetBatch:
    """The pairs as ids."""
    encode = TOKENIZER.encode
    return source_target_batch([encode(p.english) for p in pairs], [encode(p.chinese) for p in pairs], TOKENIZER.eot_id)


class Translations:
    """Fresh pairs of the training side at every step."""

    def __init__(self, seed: int, n_pairs: int = PAIRS_PER_BATCH):
        self.seed, self.n_pairs = seed, n_pairs

    def __getitem__(self, step: int) -> SourceTargetBatch:
        return batch_of(translation.pairs(self.n_pairs, 1_000_000 * self.seed + step))


def new_model(seed: int, **words: Any) -> EncoderDecoder:
    """A fresh Transformer of 2017, or one with other words."""
    seed_everything(seed)
    return EncoderDecoder(EncoderDecoderConfig(vocab_size=TOKENIZER.vocab_size, **{**SIZES, **words}))


def losses_of(model: EncoderDecoder, seed: int, n_steps: int = N_STEPS, lr: float = LEARNING_RATE) -> list[float]:
    """Train, and give each step's loss; a run that breaks ends where it broke."""
    optimizer = training.adamw(model, lr, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = training.warmup_cosine(n_steps, min(N_WARMUP, n_steps // 5))
    losses = []
    try:
        for record in training.train(model, Translations(seed), target_loss, optimizer, schedule, n_steps):
            losses.append(record["loss"])
    except FloatingPointError:
        pass
    return losses


def exact_match(model: EncoderDecoder, pairs: list[Pair]) -> float:
    """Share of sentences whose greedy translation is right in every word."""
    batch, end = batch_of(pairs), TOKENIZER.eot_id
    start = torch.full((len(pairs), 1), end)
    with torch.inference_mode():
        reading = model.reading(batch.sources, batch.source_mask)
    rows = sampling.generate(reading, start, 24, temperature=0, stop=[end]).tolist()
    said = [TOKENIZER.decode(row[: row.index(end)] if end in row else row) for row in rows]
    return sum(words == list(p.chinese) for words, p in zip(said, pairs, strict=True)) / len(pairs)
