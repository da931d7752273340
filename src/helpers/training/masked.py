"""Masked language modelling: hide some words, ask for them, and let the model read what stands on both sides.

Of the words that are asked for, most are hidden behind [MASK], some are replaced by a random word, some stay. When the
model is used there is no [MASK]; so it is also trained to doubt, and to describe, words that it sees.

Source: Devlin et al. 2018, "BERT", arXiv:1810.04805, section 3.1, task 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from helpers.training.batches import IGNORE, batch_chance, batch_seed, padded


def mask_tokens(
    ids: Int[Tensor, "*lead T"], may_ask: Bool[Tensor, "*lead T"], mask_id: int, words: range, chance: torch.Generator
) -> tuple[Int[Tensor, "*lead T"], Int[Tensor, "*lead T"]]:
    """Inputs and targets: 15 % are asked for, of these 80 % hidden, 10 % replaced by one of `words`, 10 % kept."""
    draw, dice = torch.rand(2, *ids.shape, generator=chance)
    is_asked = may_ask & (draw < 0.15)
    random_words = torch.randint(words.start, words.stop, ids.shape, generator=chance)
    inputs = ids.masked_fill(is_asked & (dice < 0.8), mask_id)
    inputs = inputs.where(~(is_asked & (dice >= 0.8) & (dice < 0.9)), random_words)
    return inputs, ids.masked_fill(~is_asked, IGNORE)


@dataclass(frozen=True)
class MaskedBatch:
    """Texts with gaps, which places hold a token at all, and the tokens asked for (−100: not asked)."""

    inputs: Int[Tensor, "B T"]
    is_token: Bool[Tensor, "B T"]
    targets: Int[Tensor, "B T"]

    def to(self, device: torch.device | str) -> "MaskedBatch":
        """The same batch on a device."""
        return MaskedBatch(self.inputs.to(device), self.is_token.to(device), self.targets.to(device))

    @property
    def n_tokens(self) -> int:
        """How many predictions the batch asks for."""
        return int((self.targets != IGNORE).sum())


class MaskedBatches:
    """Fresh texts with fresh gaps at every step: `rows(seed)` gives ids, of which those in `words` may be asked for."""

    def __init__(self, rows: Callable[[int], Sequence[Sequence[int]]], mask_id: int, words: range, seed: int = 0):
        self.rows, self.mask_id, self.words, self.seed = rows, mask_id, words, seed

    def __getitem__(self, step: int) -> MaskedBatch:
        ids = padded(self.rows(batch_seed(self.seed, step)), IGNORE)
        is_word = (ids >= self.words.start) & (ids < self.words.stop)
        chance = batch_chance(self.seed, step)
        inputs, targets = mask_tokens(ids.clamp(min=0), is_word, self.mask_id, self.words, chance)
        return MaskedBatch(inputs, ids != IGNORE, targets)


def masked_token_loss(model: nn.Module, batch: MaskedBatch) -> Float[Tensor, ""]:
    """Mean surprise at the tokens that are asked for, in nats a token."""
    logits = model(batch.inputs, mask=batch.is_token)
    return nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORE)
