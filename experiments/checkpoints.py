"""Train the small models that the package ships: `make checkpoints`."""

import random
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import preference_recipe
from gpt_recipe import LLAMA, gaps_to_floor, gpt_on_tales, tales_tokenizer
from preference_tuning import PPO
from recording import record

from helpers import checkpoints, evaluation
from helpers.corpora import tales
from helpers.corpora.instructions import instructions
from helpers.evaluation.exact_match import answers, exact_match
from helpers.models import Decoder
from helpers.runtime import progress, seed_everything, training_note
from helpers.tokenizers import BPETokenizer
from helpers.training.recipes import (
    BASE,
    CHAT_LR,
    CHAT_STEPS,
    N_CONVERSATIONS,
    N_REPLAYED,
    base_tokenizer,
    chat_run,
    pretraining_run,
)
from helpers.training.sft import introduce_marks

FOLDER = Path(checkpoints.__file__).parent
N_STEPS = 5000
EVERY = 250  # steps between two measurements


def recall_by_fact(model: Decoder, tokenizer: BPETokenizer, n_stories: int = 60) -> dict[str, float]:
    """For each kind of fact, how often the model's first choice is right where the fact returns."""
    stories = [tales.tale(random.Random(f"recall over training {i}")) for i in range(n_stories)]
    spans = [[(m.slot, m.start, m.end) for m in story.mentions if not m.first] for story in stories]
    hits = evaluation.recall(model, tokenizer, [story.text for story in stories], spans)
    return {fact: sum(right) / len(right) for fact, right in hits.items()}


def train_on_tales(name: str, seed: int = 0, n_steps: int = N_STEPS, **words: Any) -> None:
    """The decoder of a chapter, trained ten times as long, and how its memory grew."""
    began, tokenizer = time.time(), tales_tokenizer()
    model, steps = gpt_on_tales(tokenizer, seed, n_steps, lr=4e-3, **words)
    measured: dict[str, list] = {"steps": [], "gap": [], "recall": []}
    for r in progress(steps, total=n_steps, title=name, note=training_note):
        done = int(r["step"]) + 1
        if done % EVERY == 0:
            gap = evaluation.mean_with_error(gaps_to_floor(model, tokenizer, 100))
            measured["steps"].append(done)
            measured["gap"].append(gap.value)
            measured["recall"].append(recall_by_fact(model, tokenizer))
            print(f"step {done}, {time.time() - began:.0f} s: {gap} nats a story above the floor", flush=True)
    about = {"seed": seed, "n_steps": n_steps, "gap": evaluation.mean_with_error(gaps_to_floor(model, tokenizer)).value}
    checkpoints.save(FOLDER, name, model, tokenizer, **about)
    record(f"{name.replace('-', '_')}_training", measured, [seed], began)


def train_base(seed: int = 0) -> None:
    """The base of the training chapters: English and Chinese tales."""
    tokenizer = base_tokenizer()
    model, steps = pretraining_run(BASE, tokenizer, seed)
    for _ in progress(steps, total=BASE.n_steps, title="base-tales", note=training_note):
        pass
    gap = evaluation.mean_with_error(gaps_to_floor(model, tokenizer))
    print(f"base-tales: {gap} nats an English story above the floor", flush=True)
    checkpoints.save(FOLDER, "base-tales", model, tokenizer, seed=seed, gap=gap.value, **asdict(BASE))


def train_chat(seed: int = 0) -> None:
    """The base, tuned to instructions."""
    model, tokenizer = checkpoints.load("base-tales")
    seed_everything(seed)
    introduce_marks(model, tokenizer)
    for _ in progress(chat_run(model, tokenizer, seed), total=CHAT_STEPS, title="chat-tales", note=training_note):
        pass
    asked = instructions(600, seed=10**9, split="test")
    right = {kind: list(mean) for kind, mean in exact_match(asked, answers(model, tokenizer, asked)).items()}
    print(f"chat-tales: exact match {right}", flush=True)
    settings = {"n_steps": CHAT_STEPS, "muon_lr": CHAT_LR, "n_conversations": N_CONVERSATIONS, "n_replayed": N_REPLAYED}
    about = {"start": "base-tales", "seed": seed, **settings, "exact_match": right}
    checkpoints.save(FOLDER, "chat-tales", model, tokenizer, **about)


def train_ppo(seed: int = 1) -> None:
    """The chat model, tuned by PPO to a reward model of a noisy labeler's preferences."""
    policy, tokenizer = preference_recipe.fresh_policy(), preference_recipe.start()[1]
    scorer = preference_recipe.reward_model(seed)
    seed_everything(seed)
    for _ in progress(preference_recipe.pressed(policy, scorer, seed, PPO), total=PPO["n_steps"], title="ppo-tales"):
        pass
    means = preference_recipe.measure(policy.eval(), scorer)
    preference_recipe.report("ppo-tales", seed, means)
    about = {"true_reward": means["true"].value, "kl": means["kl"].value, **PPO}
    checkpoints.save(FOLDER, "ppo-tales", policy, tokenizer, start="chat-tales", seed=seed, **about)


# Each needs the ones before it.
CHECKPOINTS: dict[str, Callable[[], None]] = {
    "gpt-tales": lambda: train_on_tales("gpt-tales"),
    "llama-tales": lambda: train_on_tales("llama-tales", **LLAMA),
    "base-tales": train_base,
    "chat-tales": train_chat,
    "ppo-tales": train_ppo,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or CHECKPOINTS:  # name one to train it alone
        CHECKPOINTS[name]()
