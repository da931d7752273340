"""What a model is given, checked where it comes in: an error here says what was wrong and how to mend it."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.attention.look import check_boolean
from helpers.models.config import DecoderConfig


def embedded(table: nn.Embedding, ids: Int[Tensor, "B T"], name: str = "ids") -> Float[Tensor, "B T D"]:
    """A row of the table for every id; an id without a row is an error that says so."""
    try:
        return table(ids)
    except IndexError:
        raise ValueError(
            f"{name} must be from 0 to {table.num_embeddings - 1}, got {ids.min().item()} to {ids.max().item()}"
        ) from None


def check_rows(ids: Tensor, **beside: Tensor | None) -> None:
    """Raise unless ids are rows of tokens, and whatever comes beside them says one thing of each."""
    if ids.ndim != 2:
        raise ValueError(f"ids have two axes, rows and positions, got shape {tuple(ids.shape)}: one text is ids[None]")
    for name, tensor in beside.items():
        if tensor is not None and tensor.shape != ids.shape:
            shapes = f"{tuple(ids.shape)}, got {tuple(tensor.shape)}"
            raise ValueError(f"{name} says one thing of every token, so it must have the shape of the ids, {shapes}")


def check_mask(mask: Tensor | None) -> None:
    """Raise unless the mask is boolean and every row has a token: a softmax over nothing would be nan."""
    if mask is None:
        return
    check_boolean(mask)
    if not mask.any(dim=1).all():
        raise ValueError("a row of the mask has no token, so there is nothing to read: True means token, not padding")


def check_length(length: int, config: DecoderConfig) -> None:
    """Raise unless so many positions fit into the model's context."""
    if length > config.context_length:
        raise ValueError(
            f"the context is {config.context_length} positions long, got {length}: pass fewer tokens, "
            f"or build the model with a longer context_length"
        )
