"""Every way to learn from preferences, from one start and at a bounded distance from it, with controls.

`python experiments/preference_tuning.py dpo grpo` runs these parts only; every run is recorded when it ends.
"""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from preference_recipe import (
    N_NEW,
    TEMPERATURE,
    add_run,
    comparisons,
    fresh_policy,
    measure,
    plain,
    prefers_first,
    pressed,
    reference,
    repeated,
    report,
    reward_model,
    score_by,
    start,
    stop,
    training_prompts,
    write,
)
from recording import merged

from helpers import training
from helpers.corpora.preferences import Labeler
from helpers.models import Decoder
from helpers.runtime import progress, seed_everything
from helpers.sampling import Rollout
from helpers.training.dpo import DPOBatches, dpo_loss, with_reference
from helpers.training.grpo import GroupBatches, grpo_loss
from helpers.training.rejection import AnswerBatches, draw_best, rounds
from helpers.training.reward import comparison_rollouts

NAME = "preference_tuning"
SEEDS = [1, 2, 3]
PPO = {"n_steps": 20, "prompts": 32, "lr": 5e-4, "kl_weight": 0.1}
GRPO = {"n_steps": 20, "prompts": 5, "group": 8, "lr": 5e-4, "kl_weight": 0.3}
DPO = {"n_steps": 60, "rows": 12, "lr": 5e-4, "beta": 1.0}
REJECTION = {"n_rounds": 2, "prompts": 48, "n": 8, "n_steps": 10, "rows": 16, "lr": 3e-4}
ROUNDS = {"n_rounds": 3, "prompts": 96, "n_steps": 20, "rows": 12, "lr": 5e-4, "beta": 1.0}
SETTINGS = {"ppo": PPO, "grpo": GRPO, "dpo": DPO, "rejection": REJECTION, "rounds": ROUNDS}
ON_THE_WAY = {"n_prompts": 32, "n_each": 2}  # a measurement during training
POINTS = 5  # of them

Run = Iterator[Any]


def grpo_run(policy: Decoder, seed: int) -> Run:
    """GRPO on the same score, without a critic."""
    batches = GroupBatches(
        policy, score_by(reward_model(seed)), lambda step: training_prompts(GRPO["prompts"], seed, step),
        GRPO["group"], stop=[stop()], n_new=N_NEW, seed=seed,
    )  # fmt: skip
    return fitted(policy, batches, grpo_loss(reference(), GRPO["kl_weight"], normalise="token"), GRPO)


def dpo_run(policy: Decoder, seed: int, is_shuffled: bool = False) -> Run:
    """DPO on the comparisons that the reward model learned from."""
    pairs = comparison_rollouts(comparisons(seed, is_shuffled), start()[1])
    batches = DPOBatches(with_reference(reference(), pairs.chosen, pairs.rejected), DPO["rows"], seed)
    return fitted(policy, batches, dpo_loss(DPO["beta"]), DPO)


def rejection_run(policy: Decoder, seed: int) -> Run:
    """The best of n of the present policy by the reward model, imitated; and again."""
    score = score_by(reward_model(seed))
    for number in range(REJECTION["n_rounds"]):
        prompts = training_prompts(REJECTION["prompts"], seed, number)
        chance = torch.Generator().manual_seed(seed + number)
        best = draw_best(policy, prompts, REJECTION["n"], N_NEW, score, stop=[stop()], generator=chance)
        yield from fitted(policy, AnswerBatches(best, REJECTION["rows"], seed), training.next_token_loss, REJECTION)


def rounds_run(policy: Decoder, seed: int) -> Run:
    """DPO again and again, each time on the labeler's view of what the policy writes by then."""
    labeler = Labeler(TEMPERATURE, seed)

    def write_pairs(number: int) -> Rollout:
        return write(policy, repeated(training_prompts(ROUNDS["prompts"], seed, number), 2), seed + number)

    def learn(chosen: Rollout, rejected: Rollout) -> None:
        batches = DPOBatches(with_reference(reference(), chosen, rejected), ROUNDS["rows"], seed)
        for _ in fitted(policy, batches, dpo_loss(ROUNDS["beta"]), ROUNDS):
            pass

    return rounds(write_pairs, lambda pairs: prefers_first(labeler, pairs), learn, ROUNDS["n_rounds"])


def fitted(policy: Decoder, batches: Any, loss: Callable[..., Any], settings: dict[str, Any]) -> Run:
    """The one loop; the rate rises for three steps and falls along a cosine."""
    n_steps = settings["n_steps"]
    optimizer = training.adamw(policy, settings["lr"], weight_decay=0)
    return training.train(policy, batches, loss, optimizer, training.warmup_cosine(n_steps, 3, final=0.1), n_steps)


def random_run(policy: Decoder, seed: int) -> Run:
    """A control: noise as long as the way that PPO moved the weights."""
    of_ppo = merged(NAME, {"runs": {}})["runs"].get("ppo", {}).get(str(seed))
    if of_ppo is None:
        raise FileNotFoundError(
            f"the random update is as long as PPO's, and none is recorded for {seed=}: run ppo first"
        )
    chance = torch.Generator().manual_seed(seed)
    noise = [torch.randn(parameter.shape, generator=chance) for parameter in policy.parameters()]
    scale = of_ppo["moved"] / length(noise)
    with torch.no_grad():
        for parameter, direction in zip(policy.parameters(), noise, strict=True):
            parameter += scale * direction
    return iter(())


METHODS: dict[str, Callable[[Decoder, int], Run]] = {
    "none": lambda policy, seed: iter(()),
    "ppo": lambda policy, seed: pressed(policy, reward_model(seed), seed, PPO),
    "grpo": grpo_run,
    "dpo": dpo_run,
    "rejection": rejection_run,
    "rounds": rounds_run,
    "random": random_run,
    "shuffled ppo": lambda policy, seed: pressed(policy, reward_model(seed, is_shuffled=True), seed, PPO),
    "shuffled dpo": lambda policy, seed: dpo_run(policy, seed, is_shuffled=True),
}


def length(tensors: list[torch.Tensor]) -> float:
    """The Euclidean length of many tensors as one vector."""
    return sum(tensor.square().sum().item() for tensor in tensors) ** 0.5


def settings_of(method: str) -> dict[str, Any]:
    """The constants of a method; a control without a method of its own has none."""
    return SETTINGS.get(method.removeprefix("shuffled "), {})


def measured_steps(method: str) -> set[int]:
    """After which of a run's steps the policy is measured."""
    settings = settings_of(method)
    n_steps = settings.get("n_rounds", 1) * (1 if method == "rounds" else settings.get("n_steps", 1))
    return {round(n_steps * i / POINTS) for i in range(1, POINTS)}


def tuned(method: str, seed: int) -> dict[str, Any]:
    """A run of one method: measurements on the way, the last one, and how far the weights moved."""
    seed_everything(seed)
    policy, scorer, curve = fresh_policy(), reward_model(seed), list[dict[str, Any]]()
    began, at = time.time(), measured_steps(method)
    for step, _ in enumerate(progress(METHODS[method](policy, seed), title=f"{method} {seed}"), 1):
        if step in at:
            curve.append({"step": step, **plain(measure(policy.eval(), scorer, **ON_THE_WAY))})
    seconds = time.time() - began
    means = measure(policy.eval(), scorer)
    report(method, seed, means)
    moved = [p.detach() - q for p, q in zip(policy.parameters(), reference().parameters(), strict=True)]
    about = {"settings": settings_of(method), "training_seconds": seconds, "moved": length(moved)}
    return {**about, "curve": curve, "end": plain(means)}


if __name__ == "__main__":
    for part in sys.argv[1:] or METHODS:
        for one_seed in SEEDS:
            began = time.time()
            add_run(NAME, part, one_seed, tuned(part, one_seed), began)
