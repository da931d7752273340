"""Learning: one loop for every stage, and the losses, batches, optimizers and schedules it takes."""

from helpers.training.adam import AdamW
from helpers.training.advantages import gae, token_rewards, whiten
from helpers.training.batches import (
    Batch,
    LabelledBatch,
    LabelledBatches,
    StoryBatches,
    TextBatches,
    labelled_batch,
    story_batch,
)
from helpers.training.checkpoints import load_checkpoint, save_checkpoint
from helpers.training.divergence import DivergenceError, spikes, stopped_if_diverging
from helpers.training.dpo import DPOBatch, DPOBatches, dpo_loss, with_reference
from helpers.training.grpo import GroupBatches, group_advantages, grpo_loss
from helpers.training.loop import train
from helpers.training.lora import add_lora, load_lora, merge_lora, save_lora, unmerge_lora
from helpers.training.losses import classification_loss, next_token_loss
from helpers.training.muon import Muon
from helpers.training.optimizers import adamw, muon_and_adamw
from helpers.training.packing import PackedBatch, PackedBatches, filler_share, packed, packed_loss
from helpers.training.ppo import PPOSettings
from helpers.training.recipes import BASE, BUDGETS, Recipe, base_tokenizer, pretraining_run
from helpers.training.rejection import AnswerBatches, draw_best, rounds
from helpers.training.reward import ComparisonBatch, ComparisonBatches, comparison_rollouts, preference_loss
from helpers.training.schedules import warmup_cosine, warmup_linear, warmup_stable_decay
from helpers.training.sft import ChatBatches, chat_batch, packed_chats
from helpers.training.source_target import SourceTargetBatch, SourceTargetBatches, source_target_batch, target_loss

__all__ = [
    "BASE",
    "BUDGETS",
    "AdamW",
    "AnswerBatches",
    "Batch",
    "ChatBatches",
    "ComparisonBatch",
    "ComparisonBatches",
    "DPOBatch",
    "DPOBatches",
    "DivergenceError",
    "GroupBatches",
    "LabelledBatch",
    "LabelledBatches",
    "Muon",
    "PPOSettings",
    "PackedBatch",
    "PackedBatches",
    "Recipe",
    "SourceTargetBatch",
    "SourceTargetBatches",
    "StoryBatches",
    "TextBatches",
    "adamw",
    "add_lora",
    "base_tokenizer",
    "chat_batch",
    "classification_loss",
    "comparison_rollouts",
    "dpo_loss",
    "draw_best",
    "filler_share",
    "gae",
    "group_advantages",
    "grpo_loss",
    "labelled_batch",
    "load_checkpoint",
    "load_lora",
    "merge_lora",
    "muon_and_adamw",
    "next_token_loss",
    "packed",
    "packed_chats",
    "packed_loss",
    "preference_loss",
    "pretraining_run",
    "rounds",
    "save_checkpoint",
    "save_lora",
    "source_target_batch",
    "spikes",
    "stopped_if_diverging",
    "story_batch",
    "target_loss",
    "token_rewards",
    "train",
    "unmerge_lora",
    "warmup_cosine",
    "warmup_linear",
    "warmup_stable_decay",
    "whiten",
    "with_reference",
]
