"""Train the small models that the package ships: `make checkpoints`."""

import time
from pathlib import Path

from gpt_recipe import gaps_to_floor, gpt_on_tales, tales_tokenizer

from helpers import checkpoints
from helpers.evaluation import mean_with_error
from helpers.runtime import progress, training_note

FOLDER = Path(checkpoints.__file__).parent
N_STEPS = 5000


def gpt_tales(seed: int = 0, n_steps: int = N_STEPS) -> None:
    """The GPT of the chapter, trained ten times as long."""
    began, tokenizer = time.time(), tales_tokenizer()
    model, steps = gpt_on_tales(tokenizer, seed, n_steps, lr=4e-3)
    for r in progress(steps, total=n_steps, title="gpt-tales", note=training_note):
        if (r["step"] + 1) % 500 == 0:
            gap = mean_with_error(gaps_to_floor(model, tokenizer, 100))
            print(f"step {r['step'] + 1}, {time.time() - began:.0f} s: {gap} nats a story above the floor", flush=True)
    gap = mean_with_error(gaps_to_floor(model, tokenizer))
    about = {"seed": seed, "n_steps": n_steps, "seconds": round(time.time() - began), "gap": gap.value}
    checkpoints.save(FOLDER, "gpt-tales", model, tokenizer, **about)
    print(f"saved gpt-tales: {gap} nats a story above the floor, {about['seconds']} s")


if __name__ == "__main__":
    gpt_tales()
