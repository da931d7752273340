"""What follows pre-training, from settings: instruction tuning, a reward model, DPO and GRPO, each as a stage that can
take its steps. All begin from a model that is there, a run's or a shipped one.

Comparisons are two genuine endings of one tale, which is what a good chat model writes; the labeler is noisy.

Source: Ouyang et al. 2022, "Training language models to follow instructions with human feedback", arXiv:2203.02155,
figure 2, for the order of the stages.
"""

import copy
import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from helpers.corpora.instructions import ONE_SENTENCE_KINDS, instructions, is_right
from helpers.corpora.preferences import Labeler, beginnings, story_pairs, true_reward
from helpers.models import Decoder, ScalarHead
from helpers.runtime import seed_everything
from helpers.sampling import Rollout, roll_out
from helpers.tokenizers import CHAT_FORMATS, BPETokenizer
from helpers.training.batches import batch_seed
from helpers.training.checkpoints import read_checkpoint
from helpers.training.dpo import DPOBatches, dpo_loss, with_reference
from helpers.training.grpo import GroupBatches, grpo_loss
from helpers.training.loop import Batches, Record, train
from helpers.training.optimizers import adamw
from helpers.training.packing import packed_loss
from helpers.training.pretraining import UNSEEN, Settings, mean_in_words
from helpers.training.recipes import BASE, CHAT_LR, CHAT_STEPS, N_CONVERSATIONS, chat_batches, chat_optimizer
from helpers.training.reward import (
    END_OF_TURN,
    ComparisonBatch,
    ComparisonBatches,
    comparison_rollouts,
    preference_loss,
    scores,
    story_prompts,
    story_rollout,
    true_scores,
)
from helpers.training.run_folder import RunFolder
from helpers.training.run_reports import load_model, model_files
from helpers.training.run_to_disk import Stage
from helpers.training.schedules import warmup_cosine, warmup_linear
from helpers.training.sft import introduce_marks

N_NEW = 150  # tokens of an answer; genuine endings have about 100
N_UNSEEN = 100  # prompts that measure what came of a stage
TUNING: dict[str, Settings] = {
    "chat": {"start": "base-tales", "lr": CHAT_LR, "batch_size": N_CONVERSATIONS, "steps": CHAT_STEPS},
    "reward": {"start": "chat-tales", "lr": 1.5e-3, "batch_size": 16, "steps": 180, "comparisons": 2000, "noise": 0.5},
    "dpo": {"start": "chat-tales", "lr": 5e-4, "batch_size": 12, "steps": 60, "comparisons": 500, "noise": 0.5}
    | {"beta": 0.3},
    "grpo": {"start": "chat-tales", "lr": 1e-3, "batch_size": 6, "steps": 18, "group_size": 6, "kl_weight": 0.1}
    | {"judge": "truth"},
}


def chat(settings: Settings, device: torch.device, _: BPETokenizer | None = None) -> Stage:
    """Instruction tuning on fresh instructions about tales, as the shipped chat model was tuned."""
    model, tokenizer = start_of(settings, device)
    introduce_marks(model, tokenizer)
    batches = chat_batches(tokenizer, model.config.context_length, settings["seed"] + 1, settings["batch_size"])
    n_steps, optimizer = settings["steps"], chat_optimizer(model, settings["lr"])
    schedule = warmup_linear(n_steps, min(BASE.n_warmup, n_steps // 2))
    steps = partial(train, model, batches, packed_loss, optimizer, schedule, n_steps, precision=settings["precision"])
    return Stage(
        model, optimizer, lambda n: steps(first_step=n), n_steps, model, tokenizer,
        lambda: right_in_words(model, tokenizer), "nats a token",
    )  # fmt: skip


def reward(settings: Settings, device: torch.device, _: BPETokenizer | None = None) -> Stage:
    """A reward model from a noisy labeler's comparisons."""
    model, tokenizer = start_of(settings, device)
    scorer = ScalarHead(model).to(device)
    batches = ComparisonBatches(labelled(settings, tokenizer), settings["batch_size"], settings["seed"])
    outcome = partial(order_in_words, scorer, tokenizer)
    return stage_of(settings, scorer, model, tokenizer, batches, preference_loss, outcome, "nats a pair")


def dpo(settings: Settings, device: torch.device, _: BPETokenizer | None = None) -> Stage:
    """Direct preference optimization on the same kind of comparisons."""
    model, tokenizer = start_of(settings, device)
    pairs, reference = labelled(settings, tokenizer).to(device), frozen_copy(model)
    batches = DPOBatches(
        with_reference(reference, pairs.chosen, pairs.rejected), settings["batch_size"], settings["seed"]
    )
    outcome = partial(gain_in_words, model, reference, tokenizer)
    return stage_of(settings, model, model, tokenizer, batches, dpo_loss(settings["beta"]), outcome, "nats a pair")


def grpo(settings: Settings, device: torch.device, _: BPETokenizer | None = None) -> Stage:
    """Group relative policy optimisation of a reward model's score, or of the truth."""
    model, tokenizer = start_of(settings, device)
    reference, end = frozen_copy(model), tokenizer.special[END_OF_TURN]
    batches = GroupBatches(
        model,
        judge_of(settings["judge"], tokenizer, device),
        lambda step: story_prompts(
            beginnings(settings["batch_size"], batch_seed(settings["seed"] + 1, step)), tokenizer
        ),
        settings["group_size"],
        stop=[end],
        n_new=N_NEW,
        seed=settings["seed"],
    )
    loss = grpo_loss(reference, settings["kl_weight"], normalise="token")
    return stage_of(
        settings, model, model, tokenizer, batches, loss, partial(gain_in_words, model, reference, tokenizer), ""
    )


BUILDERS = {"chat": chat, "reward": reward, "dpo": dpo, "grpo": grpo}

# --- where a stage begins -------------------------------------------------------------------------------------


def start_of(settings: Settings, device: torch.device) -> tuple[Decoder, BPETokenizer]:
    """The model to tune and its tokenizer. Raises ValueError where they are no longer those of the recipe."""
    folder, name = model_files(settings["start"])
    sha = hashlib.sha256((folder / f"{name}.safetensors").read_bytes()).hexdigest()
    if settings.setdefault("start_sha256", sha) != sha:
        raise ValueError(f"the model of {settings['start']} has changed since the run began: put it back")
    model, tokenizer = load_model(settings["start"])
    if missing := [mark for mark in CHAT_FORMATS["tales"].special_tokens if mark not in tokenizer.special]:
        raise ValueError(f"{settings['start']} has no ids for {', '.join(missing)}: tune one from `pretrain base`")
    seed_everything(settings["seed"])
    return model.to(device), tokenizer


def frozen_copy(model: Decoder) -> Decoder:
    """The model as it is now, which no step moves."""
    return copy.deepcopy(model).requires_grad_(False).eval()


def stage_of(
    settings: Settings,
    state: nn.Module,
    made: Decoder,
    tokenizer: BPETokenizer,
    batches: Batches,
    loss: Callable[[nn.Module, Any], Tensor],
    outcome: Callable[[], str],
    unit: str = "nats a token",
) -> Stage:
    """The one loop with AdamW, without decay, at a rate that falls along a cosine."""
    n_steps = settings["steps"]
    optimizer = adamw(state, settings["lr"], weight_decay=0.0)
    schedule = warmup_cosine(n_steps, min(10, n_steps // 2), final=0.1)
    steps = partial(train, state, batches, loss, optimizer, schedule, n_steps, precision=settings["precision"])
    return Stage(
        state, optimizer, lambda n: scored(steps(first_step=n), batches), n_steps, made, tokenizer, outcome, unit
    )


def scored(records: Iterator[Record], batches: Batches) -> Iterator[Record]:
    """The records; where answers were judged, with their mean score."""
    for record in records:
        yield record | ({"score": batches.latest.scores.mean().item()} if isinstance(batches, GroupBatches) else {})


def labelled(settings: Settings, tokenizer: BPETokenizer) -> ComparisonBatch:
    """Pairs of endings, each ordered by the noisy labeler."""
    seed = settings["seed"]
    compared = Labeler(settings["noise"], seed).compare(story_pairs(settings["comparisons"], seed))
    return comparison_rollouts(compared, tokenizer)


def judge_of(judge: str, tokenizer: BPETokenizer, device: torch.device) -> Callable[[Rollout], Float[Tensor, " B"]]:
    """What scores answers: the hidden truth, or the reward model of a run."""
    if judge == "truth":
        return lambda rollout: true_scores(rollout, tokenizer).to(device)
    run = RunFolder.open(Path(judge))
    if run.recipe["command"] != "reward" or not run.checkpoint.exists():
        raise ValueError(f"{judge} holds no reward model: make one with `reward`, or leave --judge at truth")
    model, _ = start_of(dict(run.recipe["settings"]), device)
    scorer = ScalarHead(model).to(device)
    scorer.load_state_dict(read_checkpoint(run.checkpoint, device)["model"])
    return partial(scores, scorer.eval().requires_grad_(False))


# --- what came of it ------------------------------------------------------------------------------------------


def right_in_words(model: Decoder, tokenizer: BPETokenizer) -> str:
    """How many instructions about other tales the model answers right, its likeliest words taken."""
    tasks = instructions(N_UNSEEN, UNSEEN, ONE_SENTENCE_KINDS, "test")
    chat_format = CHAT_FORMATS["tales"]
    asked = [chat_format.encode(t.messages[:1], tokenizer, add_generation_prompt=True).ids for t in tasks]
    end = tokenizer.special[END_OF_TURN]
    answers = roll_out(model, asked, N_NEW, stop=[end], temperature=0.0).answers()
    texts = [tokenizer.decode(i for i in answer if i != end) for answer in answers]
    n_right = sum(is_right(task, text) for task, text in zip(tasks, texts, strict=True))
    return f"{n_right} of {N_UNSEEN} held-out instructions are answered right"


def order_in_words(scorer: ScalarHead, tokenizer: BPETokenizer) -> str:
    """How often the reward model puts two unseen endings in their true order."""
    pairs = story_pairs(N_UNSEEN, UNSEEN)
    begun, first, second = zip(*pairs, strict=True)
    margins = scores(scorer, story_rollout(begun, first, tokenizer)) - scores(
        scorer, story_rollout(begun, second, tokenizer)
    )
    truth = [true_reward(pair.a).total - true_reward(pair.b).total for pair in pairs]
    right = [float(margin * true > 0) for margin, true in zip(margins.tolist(), truth, strict=True) if true]
    return f"{mean_in_words(right)} of {len(right)} unseen pairs are in their true order"


def gain_in_words(model: Decoder, reference: Decoder, tokenizer: BPETokenizer) -> str:
    """The true reward of answers to unseen prompts, before and after."""
    prompts, end = story_prompts(beginnings(N_UNSEEN, UNSEEN), tokenizer), tokenizer.special[END_OF_TURN]
    device = next(model.parameters()).device
    means = []
    for policy in (reference, model):
        chance = torch.Generator(device).manual_seed(UNSEEN)
        rollout = roll_out(policy, prompts, N_NEW, stop=[end], generator=chance)
        means.append(mean_in_words(true_scores(rollout, tokenizer).tolist()))
    return f"true reward {means[1]} on {N_UNSEEN} unseen prompts, before it {means[0]}"
