"""Learning: one loop for every stage, and the losses, batches and schedules it takes."""

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
from helpers.training.loop import train
from helpers.training.losses import classification_loss, next_token_loss
from helpers.training.muon import Muon
from helpers.training.optimizers import adamw, muon_and_adamw
from helpers.training.schedules import warmup_cosine

__all__ = [
    "Batch",
    "LabelledBatch",
    "LabelledBatches",
    "Muon",
    "StoryBatches",
    "TextBatches",
    "adamw",
    "classification_loss",
    "labelled_batch",
    "load_checkpoint",
    "muon_and_adamw",
    "next_token_loss",
    "save_checkpoint",
    "story_batch",
    "train",
    "warmup_cosine",
]
