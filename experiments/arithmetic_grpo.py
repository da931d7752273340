"""Sums with a program as judge: GRPO makes the right answers that a decoder could already give its usual ones.

A decoder first learns from a mixture: half of the answers are worked out, half are the result alone. It is then
rewarded for right results only; nobody tells it that working pays. Controls: coin flips as reward, and no update.
"""

import copy
import random
import time
from typing import Any

import torch
from recording import record
from torch import Tensor

from helpers.corpora.arithmetic import CHARACTERS, Sum, is_right, sums
from helpers.evaluation import mean_with_error
from helpers.evaluation.pass_at_k import mean_pass_at_k
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import best_device, progress, seed_everything, training_note
from helpers.sampling import Rollout, roll_out
from helpers.tokenizers import CharacterTokenizer
from helpers.tokenizers.special import END_OF_TEXT
from helpers.training import Batch, adamw, muon_and_adamw, next_token_loss, train, warmup_cosine
from helpers.training.batches import batch_seed
from helpers.training.grpo import GroupBatches, grpo_loss
from helpers.training.rejection import answer_batch

SEEDS = [101, 102, 103]
N_DIGITS = 2
LONGEST = 24  # tokens of an answer: the longest working, its result and the end
SUMS_PER_BATCH, N_STEPS, LEARNING_RATE = 64, 400, 3e-3
GROUPS, GROUP_SIZE, GRPO_STEPS, GRPO_LEARNING_RATE = 32, 8, 100, 5e-4
N_TESTS, N_ANSWERS = 200, 16

TOKENIZER = CharacterTokenizer(CHARACTERS, [END_OF_TEXT])
CONFIG = DecoderConfig(
    vocab_size=TOKENIZER.vocab_size, context_length=32, d_model=64, n_layers=2, n_heads=4, d_ff=128,
    norm="rms_norm", positions="rope", mlp="swiglu", bias=False,
)  # fmt: skip
HELD_OUT = sums(N_TESTS, N_DIGITS, seed=10**9, held_out=True)


def questions(problems: list[Sum]) -> list[list[int]]:
    """The sums as prompts."""
    return [TOKENIZER.encode(problem.question) for problem in problems]


class MixedAnswers:
    """Fresh sums at every step, half of them with working; only the answers are asked for."""

    def __init__(self, seed: int):
        self.seed = seed

    def __getitem__(self, step: int) -> Batch:
        seed = batch_seed(self.seed, step)
        problems, chance = sums(SUMS_PER_BATCH, N_DIGITS, seed), random.Random(seed)
        texts = [problem.worked if chance.random() < 0.5 else problem.answer for problem in problems]
        answers = [[*TOKENIZER.encode(text), TOKENIZER.eot_id] for text in texts]
        rows = Rollout.of(questions(problems), answers, fill=TOKENIZER.eot_id)
        return answer_batch(rows)


def taught(seed: int) -> Decoder:
    """A decoder that has learned from the mixture, and not to the end."""
    seed_everything(seed)
    model = Decoder(CONFIG).to(best_device())
    optimizer, schedule = muon_and_adamw(model, adamw_lr=LEARNING_RATE), warmup_cosine(N_STEPS, 20)
    steps = train(model, MixedAnswers(seed), next_token_loss, optimizer, schedule, N_STEPS)
    list(progress(steps, N_STEPS, f"seed {seed}, mixture", training_note))
    return model


def verdicts(rollout: Rollout) -> list[bool]:
    """Whether each answer is right; one that never ended is not."""
    found = []
    for row, mask, answer in zip(rollout.ids, rollout.is_written, rollout.answers(), strict=True):
        question = TOKENIZER.decode(row[: int(mask.int().argmax())].tolist())
        has_ended = answer[-1] == TOKENIZER.eot_id
        found.append(has_ended and is_right(Sum.asked(question), TOKENIZER.decode(answer[:-1])))
    return found


def rewarded(base: Decoder, seed: int, is_random: bool = False) -> tuple[Decoder, list[float]]:
    """The decoder after GRPO, and the share of right answers at each step; coin flips take their place as reward."""
    policy, right = copy.deepcopy(base), []
    coins = torch.Generator().manual_seed(seed)

    def verifier(rollout: Rollout) -> Tensor:
        found = torch.tensor(verdicts(rollout)).float()
        right.append(found.mean().item())
        scores = torch.randint(2, found.shape, generator=coins).float() if is_random else found
        return scores.to(rollout.ids.device)

    def prompts(step: int) -> list[list[int]]:
        return questions(sums(GROUPS, N_DIGITS, batch_seed(seed + 1000, step)))  # others than it was taught

    batches = GroupBatches(policy, verifier, prompts, GROUP_SIZE, stop=[TOKENIZER.eot_id], n_new=LONGEST, seed=seed)
    optimizer = adamw(policy, GRPO_LEARNING_RATE, weight_decay=0.0)
    loss = grpo_loss(base, kl_weight=0.0)  # a program cannot be talked into a false sum, so nothing ties the policy
    steps = train(policy, batches, loss, optimizer, lambda _: 1.0, GRPO_STEPS)
    list(progress(steps, GRPO_STEPS, f"seed {seed}, {'coins' if is_random else 'GRPO'}", training_note))
    return policy, right


def measured(policy: Decoder, seed: int) -> dict[str, Any]:
    """pass@k on held-out sums, each with its standard error over sums; how many answers show working."""
    chance = torch.Generator(best_device()).manual_seed(seed)
    prompts = [question for question in questions(HELD_OUT) for _ in range(N_ANSWERS)]
    rollout = roll_out(policy, prompts, LONGEST, stop=[TOKENIZER.eot_id], generator=chance)
    found = verdicts(rollout)
    answers = [found[i : i + N_ANSWERS] for i in range(0, len(found), N_ANSWERS)]
    shown = [TOKENIZER.encode(":")[0] in answer for answer in rollout.answers()]
    return {
        **{f"pass@{k}": list(mean_pass_at_k(answers, k)) for k in (1, 2, 4, 8, 16)},
        "worked": sum(shown) / len(shown),
        "right_if_worked": share([f for f, s in zip(found, shown, strict=True) if s]),
        "right_if_not": share([f for f, s in zip(found, shown, strict=True) if not s]),
        "length": rollout.n_tokens / len(rollout),
    }


def share(found: list[bool]) -> float | None:
    """Which part is right; None if there are none."""
    return sum(found) / len(found) if found else None


def run(seed: int) -> dict[str, Any]:
    """One seed: the decoder before, the same decoder asked again, after GRPO, and after GRPO on coin flips."""
    base = taught(seed)
    policy, curve = rewarded(base, seed)
    misled, _ = rewarded(base, seed, is_random=True)
    values = {
        "before": measured(base, seed),
        "no_update": measured(base, seed + 1),
        "grpo": measured(policy, seed),
        "random_rewards": measured(misled, seed),
        "curve": curve,
    }
    print(f"seed {seed}:", {name: v["pass@1"] for name, v in values.items() if name != "curve"}, flush=True)
    return values


if __name__ == "__main__":
    began = time.time()
    runs = [run(seed) for seed in SEEDS]
    arms = [name for name in runs[0] if name != "curve"]
    ks = [name for name in runs[0]["before"] if name.startswith("pass@")]
    means = {arm: {k: list(mean_with_error([r[arm][k][0] for r in runs])) for k in ks} for arm in arms}
    values = {"config": CONFIG.to_dict(), "n_held_out": N_TESTS, "n_answers": N_ANSWERS, "over_seeds": means}
    record("arithmetic_grpo", {**values, "runs": runs}, SEEDS, began)
