"""Instruction tuning measured over three seeds: all weights against LoRA, what is learned, what it costs, what is lost.

python experiments/instruction_tuning.py            every way, every seed
python experiments/instruction_tuning.py full 1     one way with one seed, added to the record
"""

import copy
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gpt_recipe import gaps_to_floor
from recording import merged, record

from helpers import checkpoints
from helpers.corpora import tales
from helpers.corpora.instructions import KINDS, ONE_SENTENCE_KINDS, Instruction, instructions, is_consistent, is_right
from helpers.evaluation import Mean, mean_with_error
from helpers.evaluation.exact_match import answers, exact_match
from helpers.models import Decoder
from helpers.runtime import progress, seed_everything, training_note
from helpers.tokenizers import BPETokenizer
from helpers.training import adamw
from helpers.training.loop import Record
from helpers.training.lora import add_lora, merge_lora
from helpers.training.recipes import chat_run
from helpers.training.sft import introduce_marks

SEEDS = [1, 2, 3]
N_STEPS = 300  # about a minute, and the same for every way; the shipped chat model had 4,000
N_TEST = 100  # instructions of each kind
N_STORIES = 200  # unseen tales of each language
WINDOW = 25  # steps over which a loss curve is averaged
TEST = 10**9  # the seed of all tests
EVERYWHERE = ("q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Way:
    """How to tune: all weights (rank 0) or adapters of this rank, and how many tales are told again in each batch."""

    rank: int = 0
    n_replayed: int = 0


WAYS = {
    "full": Way(),
    "full_replay": Way(n_replayed=3),
    "lora_1": Way(1),
    "lora_16": Way(16),
}


def sft_run(model: Decoder, tokenizer: BPETokenizer, seed: int, n_steps: int, way: Way) -> Iterator[Record]:
    """The run that tunes the model in place; for adapters, which it adds, `merge_lora` ends the work."""
    seed_everything(seed)
    introduce_marks(model, tokenizer, noise=0.5 if way.rank else 0.0)
    if way.rank:
        add_lora(model, way.rank, alpha=2.0 * way.rank, targets=EVERYWHERE)
    optimizer = adamw(model, 1e-2) if way.rank else None
    return chat_run(model, tokenizer, seed, n_steps, optimizer=optimizer, n_replayed=way.n_replayed)


def measure(model: Decoder, tokenizer: BPETokenizer, n_test: int = N_TEST) -> dict[str, Any]:
    """What the model answers right and what it still knows of tales; every value a mean with its standard error.

    right, new_phrasings: share of right answers by kind, and over the kinds with short answers ("short");
    consistent: share of finished stories that contradict nothing; gap: nats a story above the floor, by language.
    """
    measured: dict[str, Any] = {}
    for name, split in [("right", "test"), ("new_phrasings", "new phrasings")]:
        asked = instructions(n_test * len(KINDS), TEST, split=split)
        written = answers(model, tokenizer, asked)
        measured[name] = exact_match(asked, written) | {"short": short_answers(asked, written)}
        if split == "test":
            rests = [(i, text) for i, text in zip(asked, written, strict=True) if i.kind == "finish"]
            measured["consistent"] = mean_with_error([float(is_consistent(i, text)) for i, text in rests])
    measured["gap"] = {
        language: mean_with_error(gaps_to_floor(model, tokenizer, N_STORIES, language)) for language in tales.LANGUAGES
    }
    return measured


def short_answers(asked: list[Instruction], written: list[str]) -> Mean:
    """The share of right answers over the kinds whose answers are one sentence or two."""
    judged = zip(asked, written, strict=True)
    return mean_with_error([float(is_right(i, text)) for i, text in judged if i.kind in ONE_SENTENCE_KINDS])


def tuned(way: Way, seed: int, n_steps: int = N_STEPS) -> dict[str, Any]:
    """One run from the shipped base: what learned, how long it took, and what `measure` says afterwards."""
    base, tokenizer = checkpoints.load("base-tales")
    model, began = copy.deepcopy(base), time.time()
    steps = sft_run(model, tokenizer, seed, n_steps, way)
    losses = [r["loss"] for r in progress(steps, total=n_steps, title=f"{way}, seed {seed}", note=training_note)]
    seconds = time.time() - began
    learning = sum(p.numel() for p in model.parameters() if p.requires_grad)
    merge_lora(model)
    smooth = [sum(losses[i : i + WINDOW]) / WINDOW for i in range(0, len(losses) - WINDOW + 1, WINDOW)]
    return {"parameters": learning, "seconds": seconds, "loss": smooth, **measure(model.eval(), tokenizer)}


if __name__ == "__main__":
    began = time.time()
    names = sys.argv[1:2] or list(WAYS)
    seeds = [int(seed) for seed in sys.argv[2:]] or SEEDS
    values: dict[str, Any] = {"n_steps": N_STEPS, "window": WINDOW, "before": measure(*checkpoints.load("base-tales"))}
    for name in names:
        for seed in seeds:
            result = tuned(WAYS[name], seed)
            values.setdefault(name, {})[str(seed)] = result
            right = ", ".join(f"{kind} {mean.value:.2f}" for kind, mean in result["right"].items())
            print(f"{name}, seed {seed}: {right}; gap {result['gap']['en']} {result['gap']['zh']}", flush=True)
            record("instruction_tuning", merged("instruction_tuning", values), seeds, began)
