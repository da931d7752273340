"""What a model sees in one step. Batch number n depends on the seed and on n alone, so a run that is resumed at
step n sees exactly what it would have seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor

IGNORE = -100  # torch's cross-entropy leaves such targets out


@runtime_checkable
class Tokenizer(Protocol):
    """What a batch needs of a tokenizer."""

    @property
    def eot_id(self) -> int:
        """The token that ends a text."""
        ...

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""
        ...


@dataclass(frozen=True)
class Batch:
    """Inputs and, shifted by one, the tokens that should come next; −100 where nothing is asked."""

    inputs: Int[Tensor, "B T"]
    targets: Int[Tensor, "B T"]

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on a device."""
        return Batch(self.inputs.to(device), self.targets.to(device))

    @property
    def n_tokens(self) -> int:
        """How many predictions the batch asks for."""
        return int((self.targets != IGNORE).sum())

    def micro_batches(self, n_parts: int) -> list[tuple["Batch", float]]:
        """The rows in at most `n_parts` parts, each with its share of the predictions; parts that ask for none are left
        out, because the mean of nothing is not a number."""
        parts = [Batch(*rows) for rows in zip(self.inputs.chunk(n_parts), self.targets.chunk(n_parts), strict=True)]
        return [(part, part.n_tokens / self.n_tokens) for part in parts if part.n_tokens]


def end_marked(texts: Sequence[str], tokenizer: Tokenizer) -> list[list[int]]:
    """The ids of each text between two end-of-text tokens."""
    return [[tokenizer.eot_id, *ids, tokenizer.eot_id] for ids in tokenizer.encode_batch(texts)]


def padded(rows: Sequence[Sequence[int]], fill: int) -> Int[Tensor, "B T"]:
    """The rows as one tensor, the shorter ones filled up on the right."""
    ids = torch.full((len(rows), max(map(len, rows))), fill)
    for row, values in zip(ids, rows, strict=True):
        row[: len(values)] = torch.tensor(values)
    return ids


def batch_chance(seed: int, step: int) -> torch.Generator:
    """The chance of batch number `step` of a run."""
    return torch.Generator().manual_seed(batch_seed(seed, step))


def batch_seed(seed: int, step: int) -> int:
    """One seed for every batch of every run; runs of up to a million steps do not overlap."""
    return seed * 1_000_000 + step


def story_batch(texts: Sequence[str], tokenizer: Tokenizer, context_length: int) -> Batch:
    """One story a row, between two end-of-text tokens, padded to the longest; nothing is asked on padding.

    The first end-of-text token stands for "a story begins": from it the model learns how stories start.
    """
    ids = padded([row[: context_length + 1] for row in end_marked(texts, tokenizer)], IGNORE)
    return Batch(ids[:, :-1].clamp(min=0), ids[:, 1:])


class StoryBatches:
    """Fresh stories at every step: `stories(seed)` must give the texts of one batch, new ones for every seed."""

    def __init__(
        self,
        stories: Callable[[int], Sequence[str]],
        tokenizer: Tokenizer,
        context_length: int,
        seed: int = 0,
    ):
        self.stories, self.tokenizer, self.context_length = stories, tokenizer, context_length
        self.seed = seed

    def __getitem__(self, step: int) -> Batch:
        return story_batch(self.stories(batch_seed(self.seed, step)), self.tokenizer, self.context_length)


class TextBatches:
    """Random windows of one long text."""

    def __init__(self, ids: Int[Tensor, " N"], batch_size: int, context_length: int, seed: int = 0):
        if len(ids) <= context_length:
            raise ValueError(f"the text must be longer than {context_length=} tokens, got {len(ids)}")
        self.ids, self.batch_size, self.context_length, self.seed = ids, batch_size, context_length, seed

    def __getitem__(self, step: int) -> Batch:
        chance = batch_chance(self.seed, step)
        starts = torch.randint(len(self.ids) - self.context_length, (self.batch_size, 1), generator=chance)
        windows = self.ids[starts + torch.arange(self.context_length + 1)]
        return Batch(windows[:, :-1], windows[:, 1:])


@dataclass(frozen=True)
class LabelledBatch:
    """Whole texts, the place of each one's last token, and each one's class."""

    inputs: Int[Tensor, "B T"]
    last: Int[Tensor, " B"]
    labels: Int[Tensor, " B"]

    def to(self, device: torch.device | str) -> "LabelledBatch":
        """The same batch on a device."""
        return LabelledBatch(self.inputs.to(device), self.last.to(device), self.labels.to(device))

    def __getitem__(self, rows: Tensor) -> "LabelledBatch":
        return LabelledBatch(self.inputs[rows], self.last[rows], self.labels[rows])

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_tokens(self) -> int:
        """How many tokens are read."""
        return int((self.last + 1).sum())

    def micro_batches(self, n_parts: int) -> list[tuple["LabelledBatch", float]]:
        """The texts in at most `n_parts` parts, each with its share of the texts: every text has one label."""
        columns = (column.chunk(n_parts) for column in (self.inputs, self.last, self.labels))
        parts = [LabelledBatch(*rows) for rows in zip(*columns, strict=True)]
        return [(part, len(part.labels) / len(self.labels)) for part in parts]


def labelled_batch(
    texts: Sequence[str], labels: Sequence[int], tokenizer: Tokenizer, context_length: int
) -> LabelledBatch:
    """Texts with their classes, one a row, between two end-of-text tokens of which the second is the last."""
    rows = [row[:context_length] for row in end_marked(texts, tokenizer)]
    return LabelledBatch(padded(rows, 0), torch.tensor([len(row) - 1 for row in rows]), torch.tensor(labels))


Rows = TypeVar("Rows")


class RandomPicks(Generic[Rows]):
    """Random picks, without repetition within a batch, from rows that have a length and can be picked by number."""

    noun = "examples"  # what the rows are, for the error
    examples: Any  # typed here, since a type variable has no length

    def __init__(self, examples: Rows, batch_size: int, seed: int = 0):
        self.examples = examples
        if batch_size > len(self.examples):
            raise ValueError(f"a batch picks from {len(self.examples)} {self.noun}, got {batch_size=}")
        self.batch_size, self.seed = batch_size, seed

    def __getitem__(self, step: int) -> Rows:
        chance = batch_chance(self.seed, step)
        return self.examples[torch.randperm(len(self.examples), generator=chance)[: self.batch_size]]


class LabelledBatches(RandomPicks[LabelledBatch]):
    """Random picks from a few labelled texts."""
