"""Reading on: a model is shown the whole text again and again, and computes only what it has not seen.

Past the context length it sees the newest tokens only. Then every token moves one position back at every step,
nothing computed before holds any more, and the window is read afresh.
"""

import inspect
from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor

from helpers.sampling.language_model import LanguageModel, check_can_write
from helpers.sampling.prompts import padded_look


class Reader:
    """A model with what it remembers of a batch of texts, which start with `n_padding` places to be ignored."""

    def __init__(
        self,
        model: LanguageModel,
        batch: int,
        n_tokens: int,
        n_padding: Int[Tensor, " B"] | None = None,
        use_cache: bool = True,
    ):
        check_can_write(model)
        known = inspect.signature(getattr(model, "forward", model)).parameters
        if n_padding is not None and not {"mask", "positions"} <= set(known):
            raise ValueError(
                f"prompts of different lengths are padded, and {type(model).__name__} takes no mask and positions "
                f"to look past the padding: pass prompts of one length, or one at a time"
            )
        self.model, self.n_padding, self.limit = model, n_padding, model.config.context_length
        self.cache = model.new_cache(batch, min(n_tokens, self.limit)) if use_cache else None

    def __call__(self, text: Int[Tensor, "B N"]) -> Float[Tensor, "B T V"]:
        """The logits after each token that is new, those after the last token last."""
        first = max(0, text.shape[1] - self.limit)
        if first:
            self.cache, text = None, text[:, first:]
        past = self.cache.length if self.cache else 0
        if self.n_padding is None:
            return self.model(text[:, past:], self.cache)
        read: Callable[..., Tensor] = self.model
        mask, positions = padded_look((self.n_padding - first).clamp(min=0), past, text.shape[1])
        if self.cache:  # a window keeps the newest keys only
            mask = mask[..., -self.cache.n_keys(text.shape[1] - past) :]
        return read(text[:, past:], self.cache, mask=mask, positions=positions)

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Go on with these texts of the batch, in this order."""
        if self.cache:
            self.cache.select(rows)
        if self.n_padding is not None:
            self.n_padding = self.n_padding[rows]

    def cut(self, length: int) -> None:
        """Forget what came after the first `length` tokens."""
        if self.cache and self.cache.length > length:
            self.cache.cut(length)
