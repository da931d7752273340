"""From GPT to LLaMA one word at a time: five seeds of every rung, alone and on top of those before it.

Name seeds to run these only, or "speed" to time the rungs side by side; what was recorded before is kept.
"""

import statistics
import sys
import time
from typing import Any

from gpt_recipe import STORIES_PER_BATCH, gaps_to_floor, gpt_on_tales, tales_tokenizer
from recording import merged, record

from helpers import training
from helpers.corpora import tales
from helpers.evaluation import mean_with_error
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import Stopwatch, seed_everything
from helpers.tokenizers import BPETokenizer

SEEDS = [101, 102, 103, 104, 105]
N_STEPS = 300
LEARNING_RATE = 6e-3  # at the chapter on GPT's 8e-3 a gate sometimes diverges, and the ladder would measure that
WINDOW = 10  # steps over which a curve is averaged
SIZES = {"d_model": 64, "n_layers": 2, "n_heads": 4}
# Each rung changes a word or a number; 3 matrices of width 171 are as large as 2 of width 256.
RUNGS: dict[str, dict[str, Any]] = {
    "RMSNorm": {"norm": "rms_norm"},
    "RoPE": {"positions": "rope"},
    "SwiGLU": {"mlp": "swiglu", "d_ff": 171},
    "no biases": {"bias": False},
    "GQA": {"n_kv_heads": 2},
}


def configurations() -> dict[str, dict[str, Any]]:
    """Every decoder of the ladder by name: GPT, each rung alone, each with those before it, and all but RoPE."""
    all_words: dict[str, Any] = {"GPT": {}}
    climbed: dict[str, Any] = {}
    for name, words in RUNGS.items():
        all_words[name] = words
        climbed = climbed | words
        all_words[f"up to {name}"] = climbed
    return all_words | {"all but RoPE": {name: word for name, word in climbed.items() if name != "positions"}}


def run(tokenizer: BPETokenizer, seed: int, words: dict[str, Any]) -> dict[str, Any]:
    """One training: the gap to the floor in nats a story, and the loss averaged over every ten steps."""
    model, steps = gpt_on_tales(tokenizer, seed, N_STEPS, LEARNING_RATE, **SIZES, **words)
    losses = [r["loss"] for r in steps]
    smooth = [sum(losses[i : i + WINDOW]) / WINDOW for i in range(0, N_STEPS, WINDOW)]
    return {"gap": mean_with_error(gaps_to_floor(model, tokenizer, 200)).value, "loss": smooth}


def speed(tokenizer: BPETokenizer, n_rounds: int = 40) -> dict[str, float]:
    """How many times as long as GPT's a training step of each takes: medians, all taking turns on the same batches."""
    batches = training.StoryBatches(lambda s: tales.stories(STORIES_PER_BATCH, s), tokenizer, 256, 0)
    racers: dict[str, Any] = {}
    for name, words in configurations().items():
        seed_everything(0)
        model = Decoder(DecoderConfig(tokenizer.vocab_size, 256, **SIZES, **words))
        schedule, optimizer = training.warmup_cosine(n_rounds, 1), training.adamw(model, 1e-3)
        racers[name] = training.train(model, batches, training.next_token_loss, optimizer, schedule, n_rounds)
    times: dict[str, list[float]] = {name: [] for name in racers}
    for _ in range(n_rounds):
        for name, steps in racers.items():
            with Stopwatch() as watch:
                next(steps)
            times[name].append(watch.seconds)
    ratios = {name: [t / g for t, g in zip(ts[5:], times["GPT"][5:], strict=True)] for name, ts in times.items()}
    return {name: round(statistics.median(values), 3) for name, values in ratios.items()}


if __name__ == "__main__":
    began, tokenizer, asked = time.time(), tales_tokenizer(), sys.argv[1:] or [*map(str, SEEDS), "speed"]
    about = {
        "sizes": SIZES,
        "rungs": RUNGS,
        "n_steps": N_STEPS,
        "lr": LEARNING_RATE,
        "steps": list(range(WINDOW // 2, N_STEPS, WINDOW)),
    }
    for word in asked:
        if word == "speed":
            values: dict[str, Any] = {"step_time": speed(tokenizer)}
        else:
            runs = {name: run(tokenizer, int(word), words) for name, words in configurations().items()}
            kept = {name: runs[name]["loss"] for name in ("GPT", "up to GQA")}
            values = {"gaps": {name: {word: r["gap"]} for name, r in runs.items()}, "losses": {word: kept}}
        everything = merged("llama_ladder", about | values)
        seeds = [int(seed) for seed in everything.get("losses", {})]
        record("llama_ladder", everything, seeds or SEEDS, began)
