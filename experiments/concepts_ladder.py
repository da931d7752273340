"""The ladder of the first chapter: what models that know more and more pay for the next word of a tale, seed by seed.

All read the same 4,000 stories once and are asked about the same 300 that none has read. A seed decides which stories,
and with which weights the networks begin. The exact floor is the storyteller's own surprise.
"""

import math
import time
from collections.abc import Sequence
from typing import Any

from recording import record
from torch import nn

from helpers import training
from helpers.corpora import tales
from helpers.evaluation import mean_with_error, row_nats
from helpers.models import Decoder, DecoderConfig, MLPLanguageModel
from helpers.models.ngram import KneserNey, NGram
from helpers.runtime import progress, seed_everything, training_note
from helpers.tokenizers import WordLevelTokenizer

SEEDS = [101, 102, 103]
N_STORIES, N_UNREAD, BATCH, CONTEXT = 4000, 300, 8, 256
N_WORDS, D_EMBEDDING, D_HIDDEN = 6, 32, 256
WORDS: dict[str, Any] = {"context_length": CONTEXT, "d_model": 96, "n_layers": 2, "n_heads": 4, "norm": "rms_norm",
         "positions": "rope", "rope_fraction": 0.5, "rope_base": 1000.0, "mlp": "relu_squared", "bias": False,
         "tie_embeddings": False}  # fmt: skip
CONFIG = DecoderConfig(vocab_size=len(tales.vocabulary()) + 2, **WORDS)


def learned(model: nn.Module, batches: Sequence[training.Batch], lr: float, title: str) -> nn.Module:
    """The model after one pass over the batches."""
    optimizer = (
        training.muon_and_adamw(model, 0.02, lr, momentum=0.9)
        if isinstance(model, Decoder)
        else training.adamw(model, lr)
    )
    schedule = training.warmup_linear(len(batches), 20)
    steps = training.train(model, batches, training.next_token_loss, optimizer, schedule, len(batches))
    for _ in progress(steps, len(batches), title, training_note):
        pass
    return model


def ladder(seed: int) -> dict[str, list[float]]:
    """Nats a word of each rung above the truth, on stories that none of them read: mean over stories and error."""
    began = time.time()
    texts, unread = tales.stories(N_STORIES, seed), tales.stories(N_UNREAD, 10**9)
    tokenizer = WordLevelTokenizer(tales.vocabulary())
    rows = training.batches.end_marked(texts, tokenizer)
    unread_rows = training.batches.end_marked(unread, tokenizer)
    lengths = [len(row) - 1 for row in unread_rows]
    truth = [-tales.log_prob(text) for text in unread]
    nats = {"uniform": [n * math.log(tokenizer.vocab_size) for n in lengths]}
    counting = {"unigram": NGram(1, tokenizer.vocab_size), "bigram": NGram(2, tokenizer.vocab_size)}
    counting |= {"trigram": KneserNey(3, tokenizer.vocab_size), "5-gram": KneserNey(5, tokenizer.vocab_size)}
    for name, model in counting.items():
        nats[name] = list(map(model.fit(rows).nats, unread_rows))
    print(f"counted, {time.time() - began:.0f} s", flush=True)
    batches = [training.story_batch(texts[i : i + BATCH], tokenizer, CONTEXT) for i in range(0, len(texts), BATCH)]
    asked = training.story_batch(unread, tokenizer, CONTEXT)
    seed_everything(seed)
    mlp = MLPLanguageModel(tokenizer.vocab_size, N_WORDS, D_EMBEDDING, D_HIDDEN)
    nats["MLP"] = row_nats(learned(mlp, batches, 6e-3, "MLP"), asked.inputs, asked.targets)
    print(f"MLP, {time.time() - began:.0f} s", flush=True)
    seed_everything(seed)
    decoder = Decoder(CONFIG)
    training.recipes.silence_outputs(decoder)
    nats["Transformer"] = row_nats(learned(decoder, batches, 6e-3, "Transformer"), asked.inputs, asked.targets)
    mean_length = sum(lengths) / len(lengths)
    above = {
        name: mean_with_error([(v - t) / mean_length for v, t in zip(values, truth, strict=True)])
        for name, values in nats.items()
    }
    floor = mean_with_error([t / mean_length for t in truth])
    print(f"seed {seed}, {time.time() - began:.0f} s", {k: f"{v.value:.3f}" for k, v in above.items()}, flush=True)
    return {name: list(v) for name, v in above.items()} | {"floor": list(floor)}


if __name__ == "__main__":
    began = time.time()
    record(
        "concepts_ladder",
        {"config": CONFIG.to_dict(), "n_stories": N_STORIES, "runs": [ladder(seed) for seed in SEEDS]},
        SEEDS,
        began,
    )
