"""How much of a hidden reward a reward model finds, by the labeler's noise and the number of comparisons.

`python experiments/reward_model.py stories` runs this part only; every part is recorded when it ends.
"""

import copy
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
from recording import merged, record

from helpers import checkpoints, training
from helpers.corpora.preferences import Comparison, Labeler, Pair, beginnings, shuffled, story_pairs
from helpers.evaluation import Mean, mean_with_error
from helpers.evaluation.calibration import calibration_error, error_if_calibrated, probability_error, reliability
from helpers.models import Decoder, ScalarHead
from helpers.runtime import progress, seed_everything
from helpers.sampling import Rollout, roll_out
from helpers.tokenizers import BPETokenizer
from helpers.training.reward import (
    END_OF_TURN,
    ComparisonBatches,
    center,
    comparison_rollouts,
    preference_loss,
    scores,
    story_endings,
    story_prompts,
)

NAME, START = "reward_model", "chat-tales"
SEEDS = [1, 2, 3]
TEMPERATURES = [0.25, 0.5, 1.0]
N_COMPARISONS = [250, 1000, 4000]
N_STEPS, MAX_EPOCHS = 400, 2  # a small set is seen twice: at the fourth time it is learned by heart
ROWS, LR = 16, 1.5e-3
N_TEST, TEST = 1000, 10**9  # held-out pairs and their seed, the same for all
N_NEW = 150  # tokens of a policy's ending; genuine ones have about 100
ROWS_AT_ONCE = 128


def train_reward_model(
    model: Decoder, tokenizer: BPETokenizer, comparisons: Sequence[Comparison], seed: int, n_steps: int
) -> ScalarHead:
    """A reward model that begins as a copy of `model`; the chosen endings score 0 on average."""
    seed_everything(seed)
    scorer = ScalarHead(copy.deepcopy(model).requires_grad_(True))
    pairs = comparison_rollouts(comparisons, tokenizer)
    optimizer, schedule = training.adamw(scorer, LR), training.warmup_cosine(n_steps, n_steps // 10)
    run = training.train(scorer, ComparisonBatches(pairs, ROWS, seed), preference_loss, optimizer, schedule, n_steps)
    for _ in progress(run, n_steps, f"{len(comparisons)} comparisons, seed {seed}"):
        pass
    return center(scorer.eval(), pairs.chosen[:N_TEST])


def n_steps_for(n_comparisons: int) -> int:
    """Steps of training on so many comparisons."""
    return min(N_STEPS, MAX_EPOCHS * n_comparisons // ROWS)


def judged(
    scorer: ScalarHead, tokenizer: BPETokenizer, labeler: Labeler, held_out: Sequence[Comparison]
) -> dict[str, Any]:
    """What the model knows of the labeler on comparisons it has not seen.

    accuracy: the share of labels that it predicts; expected_accuracy: the same without the chance of these labels, as
    the labeler's probabilities are known; best: what nobody can beat; gap: best less expected; order: the share of
    pairs that it orders as the truth does; calibration_error, and if_calibrated: what the same would be by chance;
    probability_error: how far σ(margin) is from the labeler's true probability.
    """
    pairs = comparison_rollouts(held_out, tokenizer)
    margin = (scores(scorer, pairs.chosen) - scores(scorer, pairs.rejected)).double()
    true = torch.tensor([labeler.probability(c.chosen, c.rejected) for c in held_out], dtype=torch.double)
    is_right, sure = margin > 0, margin.abs().sigmoid()
    best, expected = torch.maximum(true, 1 - true), torch.where(is_right, true, 1 - true)
    means = {
        "accuracy": is_right.double(), "best": best, "expected_accuracy": expected, "gap": best - expected,
        "order": (is_right == (true > 0.5)).double(),
    }  # fmt: skip
    bins = reliability(sure, is_right)
    return {
        **{name: list(mean_with_error(values.tolist())) for name, values in means.items()},
        "calibration_error": list(calibration_error(sure, is_right)),
        "if_calibrated": error_if_calibrated(sure),
        "probability_error": list(probability_error(margin.sigmoid(), true)),
        "reliability": {
            "predicted": [b.predicted for b in bins],
            "observed": [list(b.observed) for b in bins],
            "n": [b.n for b in bins],
        },
    }


def write(model: Decoder, tokenizer: BPETokenizer, prompts: list[list[int]], seed: int) -> Rollout:
    """The model's answers, any number of them."""
    stop, chance, answers = tokenizer.special[END_OF_TURN], torch.Generator().manual_seed(seed), list[list[int]]()
    for i in progress(range(0, len(prompts), ROWS_AT_ONCE), title="answers"):
        piece = prompts[i : i + ROWS_AT_ONCE]
        answers += roll_out(model, piece, N_NEW, stop=[stop], generator=chance).answers()
    return Rollout.of(prompts, answers, fill=stop)


def policy_pairs(model: Decoder, tokenizer: BPETokenizer, n: int, seed: int) -> list[Pair]:
    """Two endings of the policy's own for each of `n` beginnings."""
    begun = beginnings(n, seed)
    prompts = [prompt for prompt in story_prompts(begun, tokenizer) for _ in range(2)]
    texts = story_endings(write(model, tokenizer, prompts, seed), tokenizer)
    return [Pair(*each) for each in zip(begun, texts[::2], texts[1::2], strict=True)]


def one_run(
    start: tuple[Decoder, BPETokenizer],
    pairs: list[Pair],
    test_pairs: list[Pair],
    temperature: float,
    seed: int,
    is_shuffled: bool = False,
) -> dict[str, Any]:
    """A reward model trained on the labeler's view of these pairs (or on a coin's) and judged on others."""
    began, (model, tokenizer) = time.time(), start
    comparisons = Labeler(temperature, seed).compare(pairs)
    if is_shuffled:
        comparisons = shuffled(comparisons, seed)
    scorer = train_reward_model(model, tokenizer, comparisons, seed, n_steps_for(len(pairs)))
    seconds, labeler = time.time() - began, Labeler(temperature, TEST)
    values = judged(scorer, tokenizer, labeler, labeler.compare(test_pairs))
    gap, order = Mean(*values["gap"]), Mean(*values["order"])
    print(f"T {temperature} n {len(pairs)} seed {seed} shuffled {is_shuffled}: gap {gap}, order {order}", flush=True)
    about = {"temperature": temperature, "n": len(pairs), "seed": seed, "n_steps": n_steps_for(len(pairs))}
    return {**about, "training_seconds": seconds, **values}


def stories(start: tuple[Decoder, BPETokenizer]) -> list[dict[str, Any]]:
    """Genuine endings: every amount of noise with every number of comparisons."""
    test_pairs = story_pairs(N_TEST, TEST)
    many = {seed: story_pairs(max(N_COMPARISONS), seed) for seed in SEEDS}
    return [
        one_run(start, many[seed][:n], test_pairs, temperature, seed)
        for temperature in TEMPERATURES
        for n in N_COMPARISONS
        for seed in SEEDS
    ]


def coin(start: tuple[Decoder, BPETokenizer]) -> list[dict[str, Any]]:
    """The control: labels by a coin, from which nothing can be learned."""
    test_pairs = story_pairs(N_TEST, TEST)
    return [one_run(start, story_pairs(1000, seed), test_pairs, 0.5, seed, is_shuffled=True) for seed in SEEDS]


def policy(start: tuple[Decoder, BPETokenizer]) -> list[dict[str, Any]]:
    """Endings that the chat model wrote itself: what a reward model has to judge when a policy is tuned to it."""
    test_pairs = policy_pairs(*start, N_TEST // 2, TEST)
    return [one_run(start, policy_pairs(*start, 1000, seed), test_pairs, 0.5, seed) for seed in SEEDS]


PARTS = {"stories": stories, "coin": coin, "policy": policy}


if __name__ == "__main__":
    chat = checkpoints.load(START)
    for part in sys.argv[1:] or PARTS:
        began = time.time()
        runs = PARTS[part](chat)
        settings = {"rows": ROWS, "lr": LR, "max_epochs": MAX_EPOCHS, "start": START, "n_test": N_TEST}
        record(NAME, merged(NAME, {"settings": settings, part: runs}), SEEDS, began)
