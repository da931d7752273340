"""Addition learned by models of several sizes, with and without a scratchpad: two measures of success on each run.

`emergence`: the result alone, widths from 6 to 64, the same number of steps. `scratchpad`: one width, the same number
of tokens, the result alone against the result after its working; `twice`: the same with twice the tokens. Seeds and
parts on the command line (`python experiments/addition.py emergence 101 by_width:6`) add up in the record.

Source: Schaeffer et al. 2023, "Are Emergent Abilities of Large Language Models a Mirage?", arXiv:2304.15004, section 3;
Nye et al. 2021, "Show Your Work", arXiv:2112.00114.
"""

import sys
import time
from functools import partial
from typing import Any

from recording import merged, record

from helpers.corpora.arithmetic import CHARACTERS, Sum, is_right, sums
from helpers.evaluation import row_nats
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import best_device, seed_everything
from helpers.sampling import Rollout, generate
from helpers.tokenizers import CharacterTokenizer
from helpers.tokenizers.special import END_OF_TEXT
from helpers.training import Batch, muon_and_adamw, next_token_loss, train, warmup_cosine
from helpers.training.batches import batch_seed
from helpers.training.rejection import answer_batch

SEEDS = [101, 102, 103]
TOKENIZER = CharacterTokenizer(CHARACTERS, [END_OF_TEXT])
LEARNING_RATE, N_WARMUP = 1e-2, 20
WIDTHS, N_STEPS, SUMS_PER_BATCH = [6, 8, 12, 16, 24, 32, 48, 64], 300, 128
SCRATCHPAD = {"width": 48, "n_digits": 3, "n_tokens": 500_000, "tokens_per_batch": 2500}
STEPS_WIDTH, EVERY = 32, 20
N_HELD_OUT = 500


def config(width: int) -> DecoderConfig:
    """Two blocks of LLaMA's kind, and an output matrix of its own."""
    return DecoderConfig(
        vocab_size=TOKENIZER.vocab_size, context_length=64, d_model=width, n_layers=2, n_heads=max(1, width // 16),
        d_ff=2 * width, norm="rms_norm", positions="rope", mlp="swiglu", bias=False, tie_embeddings=False,
    )  # fmt: skip


def batch_of(problems: list[Sum], is_worked: bool) -> Batch:
    """Questions with their answers; only the answers are asked for."""
    questions = [TOKENIZER.encode(problem.question) for problem in problems]
    texts = [problem.worked if is_worked else problem.answer for problem in problems]
    answers = [[*TOKENIZER.encode(text), TOKENIZER.eot_id] for text in texts]
    return answer_batch(Rollout.of(questions, answers, fill=TOKENIZER.eot_id))


class FreshSums:
    """New sums at every step."""

    def __init__(self, n: int, n_digits: int, is_worked: bool, seed: int):
        self.n, self.n_digits, self.is_worked, self.seed = n, n_digits, is_worked, seed

    def __getitem__(self, step: int) -> Batch:
        return batch_of(sums(self.n, self.n_digits, batch_seed(self.seed, step)), self.is_worked)


def taught(width: int, batches: FreshSums, n_steps: int, seed: int) -> Decoder:
    """A decoder of this width after `n_steps`."""
    seed_everything(seed)
    model = Decoder(config(width)).to(best_device())
    optimizer, schedule = muon_and_adamw(model, adamw_lr=LEARNING_RATE), warmup_cosine(n_steps, N_WARMUP)
    for _ in train(model, batches, next_token_loss, optimizer, schedule, n_steps):
        pass
    return model


def measured(model: Decoder, n_digits: int, is_worked: bool) -> dict[str, float]:
    """On sums kept from training: nats a token, the share of right tokens, and the share of results all right."""
    problems = sums(N_HELD_OUT, n_digits, seed=10**9, held_out=True)
    batch = batch_of(problems, is_worked)
    asked = batch.targets >= 0
    right = (model(batch.inputs).argmax(-1) == batch.targets)[asked].float().mean().item()
    nats = sum(row_nats(model, batch.inputs, batch.targets)) / batch.n_tokens
    questions = [TOKENIZER.encode(problem.question) for problem in problems]
    n_new = 48 if is_worked else n_digits + 2
    rows = generate(model, questions, n_new, temperature=0, stop=[TOKENIZER.eot_id]).tolist()
    said = [row[: row.index(TOKENIZER.eot_id)] if TOKENIZER.eot_id in row else row for row in rows]
    hits = [is_right(problem, TOKENIZER.decode(ids)) for problem, ids in zip(problems, said, strict=True)]
    return {"nats": nats, "token": right, "exact": sum(hits) / len(hits)}


def by_width(seed: int, width: int) -> dict[str, Any]:
    """One width, two digits, the result alone."""
    model = taught(width, FreshSums(SUMS_PER_BATCH, 2, False, seed), N_STEPS, seed)
    return {"n_in_blocks": sum(p.numel() for p in model.blocks.parameters()), **measured(model, 2, False)}


def by_step(seed: int) -> list[dict[str, float]]:
    """One width on its way, measured at every 20th step."""
    seed_everything(seed)
    model = Decoder(config(STEPS_WIDTH)).to(best_device())
    optimizer, schedule = muon_and_adamw(model, adamw_lr=LEARNING_RATE), warmup_cosine(N_STEPS, N_WARMUP)
    batches, found = FreshSums(SUMS_PER_BATCH, 2, False, seed), []
    for step in train(model, batches, next_token_loss, optimizer, schedule, N_STEPS):
        if (n := int(step["step"]) + 1) % EVERY == 0:
            found.append({"step": n, **measured(model, 2, False)})
    return found


def scratchpad(seed: int, n_tokens: int = SCRATCHPAD["n_tokens"]) -> dict[str, Any]:
    """Both ways at the same number of tokens read."""
    width, n_digits = SCRATCHPAD["width"], SCRATCHPAD["n_digits"]
    found = {}
    for name, is_worked in [("direct", False), ("worked", True)]:
        per_sum = batch_of(sums(500, n_digits, seed=0), is_worked).inputs.numel() / 500
        n = round(SCRATCHPAD["tokens_per_batch"] / per_sum)
        n_steps = round(n_tokens / n / per_sum)
        model = taught(width, FreshSums(n, n_digits, is_worked, seed), n_steps, seed)
        found[name] = {"n_sums": n * n_steps, **measured(model, n_digits, is_worked)}
    return found


if __name__ == "__main__":
    part = sys.argv[1]
    settings = {
        "widths": WIDTHS,
        "n_steps": N_STEPS,
        "sums_per_batch": SUMS_PER_BATCH,
        "steps_width": STEPS_WIDTH,
        "scratchpad": SCRATCHPAD,
    }
    seeds = [int(word) for word in sys.argv[2:] if word.isdigit()] or SEEDS
    names = [word for word in sys.argv[2:] if not word.isdigit()]
    for seed in seeds:
        parts: dict[str, partial[Any]] = {
            "runs": partial(scratchpad, seed),
            "twice": partial(scratchpad, seed, 2 * SCRATCHPAD["n_tokens"]),
        }
        if part == "emergence":
            parts = {f"by_width:{width}": partial(by_width, seed, width) for width in WIDTHS}
            parts["by_step"] = partial(by_step, seed)
        for name in names or parts:
            began, (key, _, width) = time.time(), name.partition(":")
            found = parts[name]()
            entry = {key: {str(seed): {width: found} if width else found}}
            record(part, merged(part, {"settings": settings, **entry}), SEEDS, began)
            print(f"seed {seed}, {name}: {found[-1] if isinstance(found, list) else found}", flush=True)
