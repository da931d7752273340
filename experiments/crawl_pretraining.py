"""What cleaning and weighting a crawl buy a model, at the same number of steps, over three seeds.

Four diets: the raw crawl, the same crawl cleaned, the clean texts with tales drawn most often, and tales that were
never crawled. Each model is measured on tales that nothing has read, in nats a word above the exact floor.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from gpt_recipe import gaps_to_floor
from recording import record

from helpers import checkpoints, evaluation
from helpers.corpora import tales
from helpers.corpora.cleaning import cleaning_steps
from helpers.corpora.crawl import Crawl, crawl
from helpers.corpora.documents import Document
from helpers.corpora.funnel import stages
from helpers.corpora.mixture import Mixture
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import seed_everything
from helpers.tokenizers import BPETokenizer
from helpers.training import PackedBatches, muon_and_adamw, packed_loss, train, warmup_linear
from helpers.training.loop import Record
from helpers.training.recipes import WORDS, silence_outputs

SEEDS = [0, 1, 2]
N_DOCUMENTS = 1500
CRAWL_SEED = 16  # the crawl that the chapter cleans; no threshold was chosen on it
N_STEPS, N_WARMUP, BATCH_SIZE = 300, 20, 4
SIZES = {"d_model": 48, "n_layers": 2}
WEIGHTS = {"tales": 0.8, "chinese tales": 0.05, "encyclopedia": 0.05, "arithmetic": 0.05, "forum": 0.05}


def cleaned(home: Crawl) -> list[Document]:
    """The documents that all five steps leave."""
    *_, last = stages(dict(enumerate(home.documents)), cleaning_steps(home.held_out))
    return list(last.after.values())


def weighted(documents: Sequence[Document], n: int, seed: int = 0) -> list[str]:
    """`n` texts drawn by WEIGHTS, small sources again and again."""
    by_source = {source: [d.text for d in documents if d.source == source] for source in WEIGHTS}
    return Mixture(by_source, WEIGHTS, n)(seed)


def diets(home: Crawl) -> dict[str, list[str]]:
    """What each model reads."""
    clean = cleaned(home)
    return {
        "raw crawl": [d.text for d in home.documents],
        "cleaned": [d.text for d in clean],
        "cleaned, mostly tales": weighted(clean, 2000),
        "fresh tales": tales.stories(2000, seed=77),
    }


def run_on(texts: Sequence[str], tokenizer: BPETokenizer, seed: int) -> tuple[Decoder, Iterator[Record]]:
    """A fresh small decoder and the run that trains it on these texts, packed."""
    seed_everything(seed)
    model = Decoder(DecoderConfig(vocab_size=tokenizer.vocab_size, **{**WORDS, **SIZES}))
    silence_outputs(model)
    rows = tokenizer.encode_batch(list(texts))
    batches = PackedBatches(rows, BATCH_SIZE, model.config.context_length, tokenizer.eot_id, seed)
    schedule = warmup_linear(N_STEPS, N_WARMUP)
    return model, train(model, batches, packed_loss, muon_and_adamw(model), schedule, N_STEPS)


def measured(texts: Sequence[str], tokenizer: BPETokenizer, seed: int) -> dict[str, Any]:
    """The gap at the end, in nats a word, and how many times the texts were read."""
    model, steps = run_on(texts, tokenizer, seed)
    n_tokens = sum(r["tokens"] for r in steps)
    gap = evaluation.mean_with_error(gaps_to_floor(model, tokenizer, 200))
    size = sum(len(ids) + 1 for ids in tokenizer.encode_batch(list(texts)))
    return {"gap": gap.value / tales.mean_words(), "error": gap.error / tales.mean_words(), "epochs": n_tokens / size}


if __name__ == "__main__":
    tokenizer = checkpoints.load("base-tales")[1]
    values: dict[str, Any] = {}
    for name, texts in diets(crawl(N_DOCUMENTS, CRAWL_SEED)).items():
        runs = [measured(texts, tokenizer, seed) for seed in SEEDS]
        values[name] = {key: [run[key] for run in runs] for key in runs[0]}
        print(name, values[name], flush=True)
    record(
        "crawl_pretraining",
        {"n_steps": N_STEPS, "weights": WEIGHTS, "diets": values},
        SEEDS,
        began=time.time() - time.process_time(),
    )
