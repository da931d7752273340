"""Learning: one loop for every stage, and the losses, batches and schedules it takes."""

from helpers.training.batches import Batch, StoryBatches, TextBatches, story_batch
from helpers.training.checkpoints import load_checkpoint, save_checkpoint
from helpers.training.loop import train
from helpers.training.losses import next_token_loss
from helpers.training.optimizers import adamw
from helpers.training.schedules import warmup_cosine

__all__ = [
    "Batch",
    "StoryBatches",
    "TextBatches",
    "adamw",
    "load_checkpoint",
    "next_token_loss",
    "save_checkpoint",
    "story_batch",
    "train",
    "warmup_cosine",
]
