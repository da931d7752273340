"""What a model is asked to make small.

Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", equation 1 for the
next token, equation 4 for classes.
"""

from jaxtyping import Float
from torch import Tensor, nn

from helpers.training.batches import IGNORE, Batch, LabelledBatch


def next_token_loss(model: nn.Module, batch: Batch) -> Float[Tensor, ""]:
    """Mean surprise at the token that really came next, in nats a token (the cross-entropy)."""
    logits = model(batch.inputs)
    return nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORE)


def classification_loss(model: nn.Module, batch: LabelledBatch) -> Float[Tensor, ""]:
    """Mean surprise at the true class, in nats a text."""
    return nn.functional.cross_entropy(model(batch.inputs, batch.last), batch.labels)
