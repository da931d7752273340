"""A short run of reinforcement learning from preferences, seed by seed: what the chapter's live run lies on.

A reward model learns from few comparisons of genuine endings; PPO presses on its score for some iterations. Beside it,
many answers of the start to each prompt, with true reward and score: enough to tilt the start by either at any price.
`python experiments/preferences_start.py runs` runs this part only.
"""

import sys
import time
from typing import Any

import torch
from preference_recipe import TEMPERATURE, TEST, fresh_policy, pressed, reference, repeated, score_by, start, write
from recording import merged, record
from reward_model import judged, n_steps_for, train_reward_model

from helpers.corpora.preferences import Labeler, beginnings, story_pairs
from helpers.models import ScalarHead
from helpers.runtime import seed_everything
from helpers.sampling import Rollout
from helpers.training.reward import story_prompts, true_scores

NAME = "preferences_start"
SEEDS = [1, 2, 3]
N_COMPARISONS, N_HELD_OUT = 250, 200
PPO = {"n_steps": 5, "prompts": 32, "lr": 1e-3, "kl_weight": 0.1}
N_PROMPTS, N_ANSWERS = 12, 128  # for the tilted start


def taught(seed: int) -> ScalarHead:
    """A reward model of the labeler's view of some genuine pairs."""
    comparisons = Labeler(TEMPERATURE, seed).compare(story_pairs(N_COMPARISONS, seed))
    return train_reward_model(*start(), comparisons, seed, n_steps_for(N_COMPARISONS)).requires_grad_(False)


def run(seed: int) -> dict[str, Any]:
    """How much the reward model knows, and each iteration's mean score, true reward and KL."""
    scorer, labeler, true = taught(seed), Labeler(TEMPERATURE, TEST), list[float]()
    known = judged(scorer, start()[1], labeler, labeler.compare(story_pairs(N_HELD_OUT, TEST)))

    def noting(rollout: Rollout) -> torch.Tensor:
        true.append(true_scores(rollout, start()[1]).mean().item())
        return score_by(scorer)(rollout)

    seed_everything(seed)
    steps = list(pressed(fresh_policy(), scorer, seed, PPO, noting))
    print(seed, known["accuracy"], true, flush=True)
    return {
        "accuracy": known["accuracy"], "best": known["best"], "order": known["order"],
        **{name: [step[name] for step in steps] for name in ("score", "kl", "length")}, "true": true,
    }  # fmt: skip


def answers() -> dict[str, Any]:
    """True reward and score (by the first seed's reward model) of the start's answers, a row for each prompt."""
    prompts = story_prompts(beginnings(N_PROMPTS, TEST), start()[1])
    rollout = write(reference(), repeated(prompts, N_ANSWERS), TEST)
    tables = {"true": true_scores(rollout, start()[1]), "score": score_by(taught(SEEDS[0]))(rollout)}
    return {name: [[round(x, 3) for x in row] for row in t.view(-1, N_ANSWERS).tolist()] for name, t in tables.items()}


if __name__ == "__main__":
    for part in sys.argv[1:] or ["runs", "answers"]:
        began = time.time()
        values = {"runs": [run(seed) for seed in SEEDS]} if part == "runs" else {"answers": answers()}
        about = {"ppo": PPO, "n_comparisons": N_COMPARISONS, "n_held_out": N_HELD_OUT, "temperature": TEMPERATURE}
        record(NAME, merged(NAME, about | values), SEEDS, began)
