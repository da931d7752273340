"""The recipes of the model that the book trains, tunes and aligns: close to LLaMA's words, Muon, tales without end.

A recipe is data: the words of a configuration, the numbers of a run. `pretraining_run` makes the run of it.
Every story is told once: the corpus has no end, so nothing can be learned by heart and no validation set can leak.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from helpers.corpora import tales
from helpers.corpora.instructions import instructions, interviews
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import seed_everything
from helpers.tokenizers import CHAT_FORMATS, BPETokenizer
from helpers.tokenizers.special import END_OF_TEXT
from helpers.training.batches import StoryBatches
from helpers.training.loop import Record, train
from helpers.training.losses import next_token_loss
from helpers.training.optimizers import muon_and_adamw
from helpers.training.packing import packed_loss
from helpers.training.schedules import warmup_linear
from helpers.training.sft import ChatBatches

# LLaMA's words but for two: half of each head turns, so that the other half can look for content at any distance, and
# squared ReLU is the faster network. In 256 tokens no pair has to turn slower than a base of 1,000 asks.
WORDS: dict[str, Any] = {
    "context_length": 256, "d_model": 96, "n_layers": 3, "n_heads": 4, "norm": "rms_norm", "positions": "rope",
    "rope_fraction": 0.5, "rope_base": 1000.0, "mlp": "relu_squared", "bias": False, "tie_embeddings": False,
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """One pre-training run on tales. `chinese` is the share of Chinese stories; rates are peaks."""

    n_steps: int
    words: Mapping[str, Any] = field(default_factory=lambda: WORDS)
    stories_per_batch: int = 8
    chinese: float = 0.0
    muon_lr: float = 0.02
    adamw_lr: float = 6e-3
    momentum: float = 0.9  # of Muon
    n_warmup: int = 20


# Minutes on two cores of a laptop, and what they buy. Two layers learn to recall sooner than three.
BUDGETS = {
    1: Recipe(1500, {**WORDS, "n_layers": 2}),
    4: Recipe(6000, {**WORDS, "n_layers": 2}),
    10: Recipe(15_000, {**WORDS, "n_layers": 2}),
}
BASE = Recipe(10_000, chinese=0.25)


def base_tokenizer() -> BPETokenizer:
    """The tokenizer of the base, chat and preference-tuned models: English and Chinese, and the marks of a chat."""
    texts = tales.stories(3000, seed=1) + tales.stories(1500, seed=2, language="zh")
    marks = (END_OF_TEXT, *CHAT_FORMATS["tales"].special_tokens)
    return BPETokenizer.train(texts, n_merges=1280, special_tokens=marks)


def mixed_stories(n: int, chinese: float) -> Callable[[int], list[str]]:
    """What tells `n` fresh stories for a seed, this share of them in Chinese. No plot is told in both languages."""
    n_chinese = round(n * chinese)
    return lambda seed: tales.stories(n - n_chinese, seed) + tales.stories(n_chinese, seed + 500_000_000, language="zh")


def pretraining_run(
    recipe: Recipe, tokenizer: BPETokenizer, seed: int, device: torch.device | str = "cpu"
) -> tuple[Decoder, Iterator[Record]]:
    """A fresh decoder and the run that trains it, step by step; weights and stories follow from the seed."""
    seed_everything(seed)
    model = Decoder(DecoderConfig(vocab_size=tokenizer.vocab_size, **recipe.words))
    silence_outputs(model)
    model.to(device)
    stories = mixed_stories(recipe.stories_per_batch, recipe.chinese)
    batches = StoryBatches(stories, tokenizer, model.config.context_length, seed + 1)
    optimizer = muon_and_adamw(model, recipe.muon_lr, recipe.adamw_lr, momentum=recipe.momentum)
    schedule = warmup_linear(recipe.n_steps, recipe.n_warmup)
    return model, train(model, batches, next_token_loss, optimizer, schedule, recipe.n_steps)


def silence_outputs(model: Decoder) -> None:
    """Begin with blocks that write nothing into the stream, and with matrices of the size that Muon's steps go with."""
    for name, matrix in model.blocks.named_parameters():
        if matrix.ndim == 2:
            nn.init.normal_(matrix, std=0.0 if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.05)


# --- instruction tuning ---------------------------------------------------------------------------------------

CHAT_STEPS, CHAT_LR = 4000, 0.015
N_CONVERSATIONS, N_REPLAYED = 33, 3  # a step
# Exact copies with one word changed, and Chinese, take longest to learn.
SHORT = ("rewrite", "chinese") * 9 + (
    "continue",
    "answer",
    "refuse",
    "answer",
    "rewrite",
    "chinese",
    "continue",
    "refuse",
)


def conversations(seed: int, n: int = N_CONVERSATIONS) -> list[list[dict[str, str]]]:
    """One step's: a fifth are interviews about a story each, one finishes a story, the others are short."""
    n_interviews = n // 5
    tasks = instructions(n - n_interviews - 1, seed, SHORT) + instructions(1, seed, ["finish"])
    return interviews(n_interviews, seed) + [task.messages for task in tasks]


def chat_batches(
    tokenizer: BPETokenizer, context_length: int, seed: int, n: int = N_CONVERSATIONS, n_replayed: int = N_REPLAYED
) -> ChatBatches:
    """Fresh conversations at every step, and as many tales told again, so that tales are not forgotten."""
    replay = mixed_stories(n_replayed, BASE.chinese) if n_replayed else None
    return ChatBatches(lambda step_seed: conversations(step_seed, n), tokenizer, context_length, seed, replay=replay)


def chat_optimizer(model: Decoder, lr: float = CHAT_LR) -> torch.optim.Optimizer:
    """What tunes all weights: as in pre-training, at a somewhat lower rate."""
    return muon_and_adamw(model, lr, 0.3 * lr, momentum=BASE.momentum)


def chat_run(
    model: Decoder,
    tokenizer: BPETokenizer,
    seed: int,
    n_steps: int = CHAT_STEPS,
    *,
    optimizer: torch.optim.Optimizer | None = None,
    n_replayed: int = N_REPLAYED,
) -> Iterator[Record]:
    """Instruction tuning in place of a base that has met `introduce_marks`; batches follow from the seed.

    All weights are tuned; adapters bring an `optimizer` of their own.
    """
    batches = chat_batches(tokenizer, model.config.context_length, seed + 1, n_replayed=n_replayed)
    schedule = warmup_linear(n_steps, BASE.n_warmup)
    return train(model, batches, packed_loss, optimizer or chat_optimizer(model), schedule, n_steps)
