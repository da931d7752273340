"""Loss on Tales over sizes and budgets: one steady run a size, and from it a short decay at each budget.

A budget of n steps is the first 80 % of the steady run and 20 % on the way down, so the budgets of a size share most of
their cost. Sizes on the command line (`python experiments/scaling.py 12 64`) add up in the record.

Source: Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations",
arXiv:2405.18392, section 3.
"""

import copy
import sys
import time
from collections.abc import Iterator
from typing import Any

from gpt_recipe import STORIES_PER_BATCH, tales_tokenizer
from recording import merged, record

from helpers import training
from helpers.corpora import tales
from helpers.evaluation import row_nats
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import best_device, seed_everything
from helpers.tokenizers import BPETokenizer

SEED = 101
WIDTHS = [12, 16, 24, 32, 48, 64, 96, 128]
BUDGETS = [75, 150, 300, 600, 1200, 2400]  # steps of 8 stories
LONGEST = {96: 1200, 128: 600}  # the widest runs stop earlier: they cost the most
N_WARMUP, DECAY_SHARE = 15, 0.2
N_HELD_OUT = 400
WINDOW = 15  # steps over which the curve is averaged


def config(width: int, vocab_size: int) -> DecoderConfig:
    """Two blocks whatever the width, heads of up to 32 numbers, positions by rotation."""
    return DecoderConfig(
        vocab_size=vocab_size, context_length=256, d_model=width, n_layers=2, n_heads=max(2, width // 32),
        positions="rope",
    )  # fmt: skip


def learning_rate(width: int) -> float:
    """Narrow models take larger steps: the rate goes as one over the width."""
    return 0.4 / width


def measured(model: Decoder, held: training.Batch) -> float:
    """Nats a token on stories that no step has seen."""
    return sum(row_nats(model, held.inputs, held.targets)) / held.n_tokens


def run(width: int, tokenizer: BPETokenizer, held: training.Batch) -> Iterator[dict[str, Any]]:
    """The steady run of one width and the loss that each budget ends with, after each budget all there is so far."""
    seed_everything(SEED)
    budgets = [n for n in BUDGETS if n <= LONGEST.get(width, BUDGETS[-1])]
    model = Decoder(config(width, tokenizer.vocab_size)).to(best_device())
    batches = training.StoryBatches(lambda seed: tales.stories(STORIES_PER_BATCH, seed), tokenizer, 256, SEED + 1)
    branch_at = {round(n * (1 - DECAY_SHARE)): n for n in budgets}
    last = max(branch_at)
    optimizer = training.adamw(model, learning_rate(width))
    schedule = training.warmup_stable_decay(last + 1, N_WARMUP, 0)
    losses, tokens, ends = [], [], []
    began = time.time()
    for step in training.train(model, batches, training.next_token_loss, optimizer, schedule, last):
        losses.append(step["loss"])
        tokens.append(step["tokens"])
        if n_steps := branch_at.get(len(losses)):
            loss, n_tokens = decayed(model, optimizer, batches, len(losses), n_steps, held)
            ends.append({"steps": n_steps, "tokens": sum(tokens) + n_tokens, "loss": loss})
            print(f"width {width}: {ends[-1]}, {time.time() - began:.0f} s", flush=True)
            smooth = [sum(losses[i : i + WINDOW]) / WINDOW for i in range(0, len(losses) - WINDOW + 1, WINDOW)]
            blocks = sum(p.numel() for p in model.blocks.parameters())
            yield {"n_parameters": model.n_parameters, "n_in_blocks": blocks, "curve": smooth, "ends": ends}


def decayed(
    model: Decoder, optimizer: Any, batches: training.StoryBatches, first: int, n_steps: int, held: training.Batch
) -> tuple[float, int]:
    """The loss after the way down to step `n_steps`, and the tokens read on it; the steady run stays as it was."""
    model, old = copy.deepcopy(model), optimizer
    optimizer = training.adamw(model, old.param_groups[0]["peak_lr"])
    optimizer.load_state_dict(copy.deepcopy(old.state_dict()))
    schedule = training.warmup_stable_decay(n_steps, N_WARMUP, n_steps - first)
    steps = training.train(
        model, batches, training.next_token_loss, optimizer, schedule, n_steps, first_step=first
    )  # fmt: skip
    n_tokens = sum(int(step["tokens"]) for step in steps)
    return measured(model, held), n_tokens


if __name__ == "__main__":
    tokenizer = tales_tokenizer()
    unseen = tales.stories(N_HELD_OUT, seed=10**9)
    held = training.story_batch(unseen, tokenizer, 256)
    floor = -sum(map(tales.log_prob, unseen)) / held.n_tokens
    settings = {
        "budgets": BUDGETS, "n_warmup": N_WARMUP, "decay_share": DECAY_SHARE, "window": WINDOW, "seed": SEED,
        "floor": floor, "vocab_size": tokenizer.vocab_size,
    }  # fmt: skip
    for width in map(int, sys.argv[1:] or WIDTHS):
        began = time.time()
        for entry in run(width, tokenizer, held):
            values = {**settings, "runs": {str(width): entry | {"seconds": time.time() - began}}}
            record("scaling", merged("scaling", values), [SEED], began)
