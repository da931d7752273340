"""Five seeds of the chapter's GPT: the band in which a reader's own run should lie."""

import time

from gpt_recipe import gaps_to_floor, gpt_on_tales, tales_tokenizer
from recording import record

from helpers.evaluation import mean_with_error
from helpers.runtime import progress, training_note

SEEDS = [101, 102, 103, 104, 105]
WINDOW = 10  # steps over which a curve is averaged


def curve_of(seed: int) -> dict[str, object]:
    """The smoothed training loss of one seed and its gap to the floor, in nats a story."""
    tokenizer = tales_tokenizer()
    model, steps = gpt_on_tales(tokenizer, seed)
    losses = [r["loss"] for r in progress(steps, title=f"seed {seed}", note=training_note)]
    smooth = [sum(losses[i : i + WINDOW]) / WINDOW for i in range(0, len(losses) - WINDOW + 1, WINDOW)]
    gap = mean_with_error(gaps_to_floor(model, tokenizer))
    print(f"seed {seed}: {gap} nats a story above the floor", flush=True)
    return {"loss": smooth, "gap": list(gap), "config": model.config.to_dict()}


if __name__ == "__main__":
    began = time.time()
    runs = [curve_of(seed) for seed in SEEDS]
    curves = [run["loss"] for run in runs]
    values = {
        "config": runs[0]["config"],
        "steps": [WINDOW // 2 + WINDOW * i for i in range(len(curves[0]))],
        "lowest": [min(column) for column in zip(*curves, strict=True)],
        "highest": [max(column) for column in zip(*curves, strict=True)],
        "gaps": [run["gap"] for run in runs],
    }
    record("gpt_on_tales", values, SEEDS, began)
