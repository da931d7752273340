"""Passkeys: a digit hidden in a text, and places further on that ask for it.

How far back can a model look? The loss on a text hardly tells, since most words follow from their neighbours. A hidden
digit follows from nothing: who answers right has found it. A digit or a question takes the place of one word; the
answer is asked for and never shown, so one text can ask many times. Nothing is asked where a digit or a question comes
next: nobody can know that.

Source: Mohtashami and Jaggi 2023, "Landmark Attention", arXiv:2305.16300, section 4.2, for the test.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from helpers.training.batches import IGNORE, Batch, TextBatches, batch_chance

ASK = "<ask>"
DIGITS = tuple("0123456789")


def hide(
    batch: Batch, digit_ids: Int[Tensor, " B"], places: Int[Tensor, " B"], asks: Bool[Tensor, "B T"], ask_id: int
) -> Batch:
    """The batch with each row's digit at its place, and questions that expect it where `asks` says so."""
    inputs, targets = batch.inputs.clone(), batch.targets.clone()
    is_digit = torch.arange(inputs.shape[1]) == places[:, None]
    targets[(is_digit | asks).roll(-1, dims=1)] = IGNORE  # what stands before; the last column is mended next
    targets[:, -1] = batch.targets[:, -1]
    inputs = torch.where(is_digit, digit_ids[:, None], inputs.masked_fill(asks, ask_id))
    return Batch(inputs, torch.where(asks, digit_ids[:, None], targets))


class PasskeyBatches:
    """Random windows of a text; the first half of each batch hides a digit a row and asks for it further on.

    The digit stands anywhere, and a place behind it asks with probability 1/8.
    """

    def __init__(
        self, ids: Int[Tensor, " N"], batch_size: int, context_length: int, digit_ids: list[int], ask_id: int, seed: int
    ):
        self.plain = TextBatches(ids, batch_size, context_length, seed)
        self.digit_ids, self.ask_id = torch.tensor(digit_ids), ask_id

    def __getitem__(self, step: int) -> Batch:
        batch, chance = self.plain[step], batch_chance(self.plain.seed + 1, step)
        n_rows, length = len(batch.inputs) // 2, batch.inputs.shape[1]
        first = Batch(batch.inputs[:n_rows], batch.targets[:n_rows])
        digits = self.digit_ids[torch.randint(len(self.digit_ids), (n_rows,), generator=chance)]
        places = torch.randint(length - 1, (n_rows,), generator=chance)
        is_behind = torch.arange(length) > places[:, None]
        asks = is_behind & (torch.rand(n_rows, length, generator=chance) < 1 / 8)
        hidden = hide(first, digits, places, asks, self.ask_id)
        return Batch(
            torch.cat((hidden.inputs, batch.inputs[n_rows:])), torch.cat((hidden.targets, batch.targets[n_rows:]))
        )
