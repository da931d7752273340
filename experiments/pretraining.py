"""How near the exact floor one, four and ten minutes of training come, over three seeds.

The recipes are counted in steps, so that a busy machine changes the time and not the model; `seconds` says what
the training itself took.

    python experiments/pretraining.py 1 4        # these budgets only; each run is recorded when it ends
"""

import sys
import time
from typing import Any

from gpt_recipe import gaps_to_floor, tales_tokenizer
from recording import merged, record

from helpers import evaluation
from helpers.corpora import tales
from helpers.models import Decoder
from helpers.runtime import Stopwatch, best_device, progress, training_note
from helpers.tokenizers import BPETokenizer
from helpers.training.recipes import BUDGETS, pretraining_run

NAME = "pretraining"
SEEDS = [0, 1, 2]
N_POINTS = 8  # measurements on the way


def gap_a_word(model: Decoder, tokenizer: BPETokenizer, n_stories: int) -> evaluation.Mean:
    """Nats a word by which the model's surprise at unseen stories exceeds the true one."""
    mean = evaluation.mean_with_error(gaps_to_floor(model, tokenizer, n_stories))
    return evaluation.Mean(mean.value / tales.mean_words(), mean.error / tales.mean_words())


def run(minutes: int, seed: int, tokenizer: BPETokenizer) -> dict[str, Any]:
    """One run of a budget: the gap on the way and at the end, in nats a word, and the seconds of training."""
    recipe = BUDGETS[minutes]
    model, steps = pretraining_run(recipe, tokenizer, seed, best_device())
    every, seconds, curve = recipe.n_steps // N_POINTS, 0.0, []
    bar = progress(steps, total=recipe.n_steps, title=f"{minutes} min, seed {seed}", note=training_note)
    for n_done in range(every, recipe.n_steps + 1, every):
        with Stopwatch() as watch:
            losses = [next(bar)["loss"] for _ in range(every)]
        seconds += watch.seconds
        gap = gap_a_word(model, tokenizer, 100)
        curve.append({"step": n_done, "seconds": seconds, "loss": sum(losses) / every, "gap": gap.value})
    end = gap_a_word(model, tokenizer, 400)
    print(f"{minutes:3} min, seed {seed}: {end} nats a word above the floor after {seconds:.0f} s", flush=True)
    return {"gap": end.value, "error": end.error, "seconds": seconds, "curve": curve}


def main(minutes: list[int]) -> None:
    tokenizer = tales_tokenizer()
    for budget in minutes:
        for seed in SEEDS:
            began = time.time()
            values = merged(NAME, {str(budget): {str(seed): run(budget, seed, tokenizer)}})
            record(NAME, values, SEEDS, began)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(BUDGETS))
