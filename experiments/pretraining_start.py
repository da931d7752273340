"""The first steps of the one-minute pre-training run, step by step, over three seeds: what a short live run lies on."""

import time

from gpt_recipe import tales_tokenizer
from recording import record

from helpers.training.recipes import BUDGETS, pretraining_run

SEEDS = [0, 1, 2]
N_STEPS, EVERY = 255, 17

if __name__ == "__main__":
    tokenizer, losses = tales_tokenizer(), []
    for seed in SEEDS:
        _, steps = pretraining_run(BUDGETS[1], tokenizer, seed)
        curve = [next(steps)["loss"] for _ in range(N_STEPS)]
        losses.append([sum(curve[i : i + EVERY]) / EVERY for i in range(0, N_STEPS, EVERY)])
        print(seed, losses[-1][-1], flush=True)
    values = {"steps": list(range(EVERY // 2, N_STEPS, EVERY)), "losses": losses}
    record("pretraining_start", values, SEEDS, began=time.time() - time.process_time())
