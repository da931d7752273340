"""What the experiments on preferences share: one start, one judge, one measurement for every method."""

import copy
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import reward_model as reward_model_recipe
import torch
from recording import merged, record
from reward_model import N_NEW, ROWS_AT_ONCE, policy_pairs, train_reward_model
from torch import Tensor, nn

from helpers import checkpoints
from helpers.corpora import tales
from helpers.corpora.instructions import Instruction, is_consistent, is_rest
from helpers.corpora.preferences import Comparison, Labeler, Pair, beginnings, shuffled, true_reward
from helpers.evaluation import Mean, mean_with_error
from helpers.evaluation.diversity import answer_entropy, distinct_n, pairwise_overlap
from helpers.evaluation.kl import answer_kls
from helpers.models import Decoder, ScalarHead
from helpers.sampling import Rollout
from helpers.tokenizers import BPETokenizer
from helpers.training.batches import batch_seed
from helpers.training.optimizers import adamw
from helpers.training.ppo import PPOSettings, ppo
from helpers.training.reward import END_OF_TURN, scores, story_endings, story_prompts

START = "chat-tales"
TEMPERATURE = 0.5  # the labeler's, in units of reward
N_COMPARISONS, REWARD_STEPS = 500, 60  # pairs of the start's own endings, and steps of the reward model on them
N_TEST, ANSWERS_EACH = 64, 4  # prompts, and answers to each, of a last measurement
TEST = 10**9  # the seed of prompts and answers that measure, the same for every method: what is chance is shared


# --- writing --------------------------------------------------------------------------------------------------


@cache
def start() -> tuple[Decoder, BPETokenizer]:
    """The chat model that every method begins from and is held to, and its tokenizer."""
    model, tokenizer = checkpoints.load(START)
    return model.requires_grad_(False), tokenizer


def reference() -> Decoder:
    """The start, which never changes."""
    return start()[0]


def fresh_policy() -> Decoder:
    """A copy of the start that may learn."""
    return copy.deepcopy(reference()).requires_grad_(True)


def stop() -> int:
    """The token that ends an answer."""
    return start()[1].special[END_OF_TURN]


def repeated(prompts: list[list[int]], n_each: int) -> list[list[int]]:
    """Every prompt `n_each` times in a row."""
    return [prompt for prompt in prompts for _ in range(n_each)]


def training_prompts(n: int, seed: int, step: int) -> list[list[int]]:
    """Prompts of one step, new at every step of every seed."""
    return story_prompts(beginnings(n, batch_seed(seed, step + 1)), start()[1])


def write(policy: Decoder, prompts: list[list[int]], seed: int) -> Rollout:
    """The policy's answers, any number of them."""
    return reward_model_recipe.write(policy, start()[1], prompts, seed)


# --- judging --------------------------------------------------------------------------------------------------


@cache
def comparisons(seed: int, is_shuffled: bool = False) -> list[Comparison]:
    """The labeler's view of pairs of the start's own endings, or a coin's."""
    if is_shuffled:
        return shuffled(comparisons(seed), seed)
    return Labeler(TEMPERATURE, seed).compare(policy_pairs(*start(), N_COMPARISONS, seed))


@cache
def reward_model(seed: int, is_shuffled: bool = False, n: int = N_COMPARISONS) -> ScalarHead:
    """What the first `n` of these comparisons teach of the hidden reward; fewer are seen the more often."""
    return train_reward_model(*start(), comparisons(seed, is_shuffled)[:n], seed, REWARD_STEPS).requires_grad_(False)


def score_by(scorer: ScalarHead) -> Any:
    """A reward model as what the methods ask for: a function of rollouts."""
    return lambda rollout: scores(scorer, rollout, ROWS_AT_ONCE)


def prefers_first(labeler: Labeler, pairs: Rollout) -> Tensor:
    """Whether the labeler prefers the first of every two answers."""
    texts = story_endings(pairs, start()[1])
    asked = [Pair("", a, b) for a, b in zip(texts[::2], texts[1::2], strict=True)]
    return torch.tensor([c.chosen == pair.a for c, pair in zip(labeler.compare(asked), asked, strict=True)])


def pressed(
    policy: Decoder, scorer: ScalarHead, seed: int, settings: dict[str, Any], reward: Any = None
) -> Iterator[Any]:
    """PPO on a reward model's score, in deviations of the first answers; the critic expects 0 at first.

    `settings` are n_steps, prompts (a step), lr and kl_weight. A `reward` that notes more takes the score's place.
    """
    critic = ScalarHead(fresh_policy())
    return ppo(
        policy, reference(), critic, reward or score_by(scorer),
        lambda step: training_prompts(settings["prompts"], seed, step),
        adamw(nn.ModuleList([policy, critic]), settings["lr"], weight_decay=0),
        PPOSettings(
            kl_weight=settings["kl_weight"],
            gae_lambda=1.0,  # the first sentence decides; 0.95 would hardly reach back over its hundred tokens
            normalise_scores=True,
            minibatch_rows=settings["prompts"],
        ),
        n_iterations=settings["n_steps"], stop=[stop()], n_new=N_NEW, seed=seed,
    )  # fmt: skip


# --- measuring ------------------------------------------------------------------------------------------------


def measure(
    policy: Decoder, scorer: ScalarHead, n_prompts: int = N_TEST, n_each: int = ANSWERS_EACH
) -> dict[str, Mean]:
    """What the policy's answers to unseen prompts are worth and what they cost; errors are over prompts.

    score: by the reward model; true, and its parts kindness, ending, length, repetition; kl from the start and
    entropy, both in nats an answer; distinct_2 and overlap among the answers to one prompt; words; consistent: the
    share of endings that mistake nobody and nothing; legal: of those that the storyteller could have told.
    """
    begun = beginnings(n_prompts, TEST)
    rollout = write(policy, repeated(story_prompts(begun, start()[1]), n_each), TEST)
    by_answer = read(begun, rollout, n_each)
    by_answer |= {"score": score_by(scorer)(rollout).tolist(), "kl": answer_kls(policy, reference(), rollout)}
    means = {name: over_prompts(values, n_each) for name, values in by_answer.items()}
    grouped = in_groups(rollout.answers(), n_each)
    return means | {
        "entropy": answer_entropy(policy, rollout[torch.arange(0, len(rollout), n_each)]),
        "distinct_2": distinct_n(grouped, 2),
        "overlap": pairwise_overlap(grouped, 2),
    }


def read(begun: Sequence[str], rollout: Rollout, n_each: int) -> dict[str, list[float]]:
    """What each answer's text alone tells."""
    texts = story_endings(rollout, start()[1])
    rewards = [true_reward(text) for text in texts]
    told = [(begun[i // n_each], text) for i, text in enumerate(texts)]
    return {
        "true": [reward.total for reward in rewards],
        **{part: [getattr(reward, part) for reward in rewards] for part in rewards[0]._fields},
        "words": [float(len(tales.words(text))) for text in texts],
        "consistent": [float(is_consistent(Instruction("finish", "", "", before), text)) for before, text in told],
        "legal": [float(is_rest(before, text)) for before, text in told],
    }


def over_prompts(values: Sequence[float], n_each: int) -> Mean:
    """The mean of values that come `n_each` a prompt; answers to one prompt are alike, so errors are over prompts."""
    return mean_with_error([sum(group) / n_each for group in in_groups(values, n_each)])


def in_groups(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """The values `size` at a time."""
    return [values[i : i + size] for i in range(0, len(values), size)]


# --- recording ------------------------------------------------------------------------------------------------


def plain(means: dict[str, Mean]) -> dict[str, list[float]]:
    """Means as [value, error], as a record keeps them."""
    return {name: list(mean) for name, mean in means.items()}


def add_run(name: str, part: str, seed: int, run: dict[str, Any], began: float) -> None:
    """Put one run into the record at once, so that nothing is lost if the next one is stopped."""
    entry = {**run, "seconds": time.time() - began}
    values = merged(name, {"runs": {part: {str(seed): entry}}})
    seeds = sorted({int(each) for runs in values["runs"].values() for each in runs})
    record(name, values, seeds, began)


def report(name: str, seed: int, means: dict[str, Mean]) -> None:
    """One line of the most telling figures."""
    shown = ("score", "true", "kl", "overlap", "words", "consistent")
    print(f"{name:14} seed {seed}  " + "  ".join(f"{key} {means[key]}" for key in shown), flush=True)
