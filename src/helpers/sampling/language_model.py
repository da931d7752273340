"""What the loops of this room ask of a model: logits for ids, a cache of its past, and a context length.

Any class that has these is a language model here, whether it attends or recurs; it need not inherit anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from helpers.runtime import quick_lookup


@runtime_checkable
class LanguageModel(Protocol):
    """A decoder, a recurrent model, an encoder-decoder that already holds its source."""

    config: Any  # has `context_length`, in tokens
    training: bool

    def __call__(self, ids: Tensor, cache: Any = None) -> Tensor:
        """Logits B T V for the ids B T. With a cache, which has a `length`, the ids are the new tokens only.

        To read prompts of different lengths it also takes `mask` and `positions`, as `helpers.models.Decoder` does.
        """

    def new_cache(self, batch: int = 1, capacity: int | None = None) -> Any:
        """An empty cache for `batch` texts of at most `capacity` tokens, with a `length`.

        For padded prompts it also knows `n_keys(n_new)`, for beams `select(rows)`, for speculation `cut(length)`, as
        `helpers.attention.KVCache` does.
        """

    def parameters(self) -> Iterator[Tensor]:
        """What it has learned; the ids must be on the same device."""

    def train(self, mode: bool = True) -> Any:
        """Switch between training and evaluation."""


def check_can_write(model: object) -> None:
    """Raise for a model that reads but does not write, and say how an encoder-decoder comes to write."""
    if not hasattr(model, "new_cache"):
        raise TypeError(
            f"{type(model).__name__} cannot write by itself; an encoder-decoder writes once it has read: "
            f"generate(model.reading(source_ids), ...)"
        )


def device_of(model: LanguageModel) -> torch.device | None:
    """Where the model's ids must be; None, wherever torch puts them, if it has no parameters."""
    return next((parameter.device for parameter in model.parameters()), None)


@contextmanager
def evaluating(model: LanguageModel) -> Iterator[None]:
    """The model evaluates inside the `with` block, and afterwards is what it was before, whatever happens."""
    parts = list(model.modules()) if isinstance(model, nn.Module) else [model]
    were_training = [part for part in parts if part.training]
    model.train(False)
    try:
        with quick_lookup(model) if isinstance(model, nn.Module) else nullcontext():
            yield
    finally:
        for part in were_training:
            part.training = True


def n_that_fit(model: LanguageModel, n_prompt: int, n_new: int, slide: bool = False) -> int:
    """How many of `n_new` tokens can be written before the context is full; all of them if it slides."""
    context = model.config.context_length
    if n_new < 0:
        raise ValueError(f"n_new counts the tokens to write, so it must not be negative, got {n_new}")
    if slide:
        return n_new
    if n_prompt > context:
        raise ValueError(
            f"the model's context is {context} tokens long, got a prompt of {n_prompt}: shorten the prompt, or let "
            f"`generate` see only its newest {context} tokens with slide=True"
        )
    return min(n_new, context - n_prompt)
