"""Train the small models that the package ships: `make checkpoints`."""

import random
import sys
import time
from pathlib import Path
from typing import Any

from gpt_recipe import LLAMA, gaps_to_floor, gpt_on_tales, tales_tokenizer
from recording import record

from helpers import checkpoints, evaluation
from helpers.corpora import tales
from helpers.models import Decoder
from helpers.runtime import progress, training_note
from helpers.tokenizers import BPETokenizer

FOLDER = Path(checkpoints.__file__).parent
N_STEPS = 5000
EVERY = 250  # steps between two measurements


def recall_by_fact(model: Decoder, tokenizer: BPETokenizer, n_stories: int = 60) -> dict[str, float]:
    """For each kind of fact, how often the model's first choice is right where the fact returns."""
    stories = [tales.tale(random.Random(f"recall over training {i}")) for i in range(n_stories)]
    spans = [[(m.slot, m.start, m.end) for m in story.mentions if not m.first] for story in stories]
    hits = evaluation.recall(model, tokenizer, [story.text for story in stories], spans)
    return {fact: sum(right) / len(right) for fact, right in hits.items()}


def train_on_tales(name: str, seed: int = 0, n_steps: int = N_STEPS, **words: Any) -> None:
    """The decoder of a chapter, trained ten times as long, and how its memory grew."""
    began, tokenizer = time.time(), tales_tokenizer()
    model, steps = gpt_on_tales(tokenizer, seed, n_steps, lr=4e-3, **words)
    measured: dict[str, list] = {"steps": [], "gap": [], "recall": []}
    for r in progress(steps, total=n_steps, title=name, note=training_note):
        done = int(r["step"]) + 1
        if done % EVERY == 0:
            gap = evaluation.mean_with_error(gaps_to_floor(model, tokenizer, 100))
            measured["steps"].append(done)
            measured["gap"].append(gap.value)
            measured["recall"].append(recall_by_fact(model, tokenizer))
            print(f"step {done}, {time.time() - began:.0f} s: {gap} nats a story above the floor", flush=True)
    about = {"seed": seed, "n_steps": n_steps, "gap": evaluation.mean_with_error(gaps_to_floor(model, tokenizer)).value}
    checkpoints.save(FOLDER, name, model, tokenizer, **about)
    record(f"{name.replace('-', '_')}_training", measured, [seed], began)


CHECKPOINTS: dict[str, dict[str, Any]] = {"gpt-tales": {}, "llama-tales": LLAMA}

if __name__ == "__main__":
    for name in sys.argv[1:] or CHECKPOINTS:  # name one to train it alone
        train_on_tales(name, **CHECKPOINTS[name])
