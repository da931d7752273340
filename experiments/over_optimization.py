"""When a reward is a stand-in, more of it is not always better: the reward model's score against the truth.

PPO without a price on KL, to a reward model that knows few comparisons by heart and to one that knows more; the same
with a price; the best of n answers of the start; and the most true reward that any policy could have at a distance.
`python experiments/over_optimization.py few limits` runs these parts only; every run is recorded when it ends.
Source: Gao, Schulman and Hilton 2022, "Scaling Laws for Reward Model Overoptimization", arXiv:2210.10760, section 3.
"""

import sys
import time
from typing import Any

import torch
from preference_recipe import (
    START,
    TEMPERATURE,
    TEST,
    add_run,
    fresh_policy,
    measure,
    plain,
    pressed,
    reference,
    repeated,
    report,
    reward_model,
    score_by,
    start,
    write,
)
from recording import merged, record

from helpers.corpora.preferences import beginnings
from helpers.evaluation import mean_with_error
from helpers.evaluation.frontier import Point, tilted
from helpers.evaluation.kl import best_of_n_kl
from helpers.evaluation.pass_at_k import best_of_k
from helpers.runtime import progress, seed_everything
from helpers.training.reward import story_prompts, true_scores

NAME = "over_optimization"
SEEDS = [1, 2, 3]
PRESSED = {  # comparisons that the reward model learned from, and the price of KL
    "few": {"comparisons": 40, "kl_weight": 0.0},
    "many": {"comparisons": 500, "kl_weight": 0.0},
    "few with a price": {"comparisons": 40, "kl_weight": 0.1},
}
PPO = {"n_steps": 50, "prompts": 32, "lr": 1e-3}
EVERY = 5  # iterations between two points of a curve
ON_THE_WAY = {"n_prompts": 48, "n_each": 2}
ANSWERS = {"n_prompts": 24, "n_each": 128}  # of the start, for the best of n and the limit
BEST_OF = [1, 2, 4, 8, 16, 32, 64, 128]
BETAS = [4.0, 2.0, 1.0, 0.7, 0.5, 0.35, 0.25]  # in units of true reward


def curve_of(part: str, seed: int) -> dict[str, Any]:
    """Score, true reward, KL and the rest at the start, every few iterations, and at the end."""
    settings = {**PPO, **PRESSED[part]}
    policy, scorer = fresh_policy(), reward_model(seed, n=settings["comparisons"])
    seed_everything(seed)
    curve = [{"step": 0, **plain(measure(policy, scorer, **ON_THE_WAY))}]
    run = progress(pressed(policy, scorer, seed, settings), settings["n_steps"], title=f"{part}, seed {seed}")
    for step, _ in enumerate(run, 1):
        if step % EVERY == 0:
            means = measure(policy.eval(), scorer, **ON_THE_WAY)
            report(f"{part} {step}", seed, means)
            curve.append({"step": step, **plain(means)})
    return {"settings": settings, "curve": curve}


def true_and_score(seeds: list[int]) -> tuple[torch.Tensor, dict[int, torch.Tensor]]:
    """Of many answers of the start, a row for each prompt: the true reward, and the score by each reward model."""
    prompts = story_prompts(beginnings(ANSWERS["n_prompts"], TEST), start()[1])
    rollout = write(reference(), repeated(prompts, ANSWERS["n_each"]), TEST)
    scored = {seed: score_by(reward_model(seed))(rollout).view(-1, ANSWERS["n_each"]) for seed in seeds}
    return true_scores(rollout, start()[1]).view(-1, ANSWERS["n_each"]), scored


def best_of_n(true: torch.Tensor, score: torch.Tensor) -> dict[str, Any]:
    """KL, score and true reward of the answer that the reward model likes best among n."""
    points: dict[str, Any] = {"n": BEST_OF, "kl": [best_of_n_kl(n) for n in BEST_OF]}
    for name, values in (("score", score), ("true", true)):
        rows = list(zip(score.tolist(), values.tolist(), strict=True))
        points[name] = [list(mean_with_error([best_of_k(by, of, n) for by, of in rows])) for n in BEST_OF]
    return points


def limit(true: torch.Tensor) -> list[dict[str, Any]]:
    """The most true reward at each distance, as far as these answers tell."""
    points: list[dict[str, Any]] = []
    for beta in BETAS:
        try:
            point: Point = tilted(true, beta)
        except ValueError:
            break  # the better answers are too rare among these
        points.append({"beta": beta, "kl": list(point.kl), "true": list(point.reward)})
    return points


def limits() -> None:
    """The best of n by each seed's reward model, and the limit, into the record."""
    began = time.time()
    true, scored = true_and_score(SEEDS)
    for seed, score in scored.items():
        add_run(NAME, "best of n", seed, best_of_n(true, score), began)
    record(NAME, merged(NAME, {"start": START, "temperature": TEMPERATURE, "limit": limit(true)}), SEEDS, began)


if __name__ == "__main__":
    for part in sys.argv[1:] or [*PRESSED, "limits"]:
        if part == "limits":
            limits()
            continue
        for one_seed in SEEDS:
            began = time.time()
            add_run(NAME, part, one_seed, curve_of(part, one_seed), began)
