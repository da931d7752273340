"""A text to read and a text to write: what an encoder-decoder sees in one step.

The decoder is given the whole target, one step to the right ("teacher forcing"): it begins with the end-of-text token
and is asked at every place for the token that comes next. All places are computed at once; the causal mask keeps
each from seeing its own answer.

Source: Sutskever et al. 2014, "Sequence to Sequence Learning with Neural Networks", arXiv:1409.3215, section 2;
Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor, device, nn

from helpers.models import EncoderDecoder
from helpers.training.batches import IGNORE, batch_seed, padded

Rows = Sequence[Sequence[int]]


@dataclass(frozen=True)
class SourceTargetBatch:
    """Sources with their mask (True = token), targets shifted to the right, and the tokens asked for (−100: none)."""

    sources: Int[Tensor, "B S"]
    source_mask: Bool[Tensor, "B S"]
    inputs: Int[Tensor, "B T"]
    targets: Int[Tensor, "B T"]

    def to(self, where: device | str) -> "SourceTargetBatch":
        """The same batch on a device."""
        return SourceTargetBatch(*(tensor.to(where) for tensor in vars(self).values()))

    @property
    def n_tokens(self) -> int:
        """How many predictions the batch asks for."""
        return int((self.targets != IGNORE).sum())


def source_target_batch(sources: Rows, targets: Rows, eot_id: int) -> SourceTargetBatch:
    """One pair a row: the source ends with an end-of-text token, the target begins and ends with one."""
    read = padded([[*row, eot_id] for row in sources], IGNORE)
    written = padded([[eot_id, *row, eot_id] for row in targets], IGNORE)
    is_token = read != IGNORE
    return SourceTargetBatch(
        read.where(is_token, eot_id),
        is_token,
        written[:, :-1].where(written[:, :-1] != IGNORE, eot_id),
        written[:, 1:],
    )


class SourceTargetBatches:
    """Fresh pairs at every step: `draw(seed)` gives sources and targets as ids, new ones for every seed."""

    def __init__(self, draw: Callable[[int], tuple[Rows, Rows]], eot_id: int, seed: int = 0):
        self.draw, self.eot_id, self.seed = draw, eot_id, seed

    def __getitem__(self, step: int) -> SourceTargetBatch:
        return source_target_batch(*self.draw(batch_seed(self.seed, step)), self.eot_id)


def target_loss(model: EncoderDecoder | nn.Module, batch: SourceTargetBatch) -> Float[Tensor, ""]:
    """Mean surprise at the target's next token, given the source, in nats a token."""
    logits = model(batch.sources, batch.inputs, batch.source_mask)
    return nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORE)
