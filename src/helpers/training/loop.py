"""One training loop for every stage. It yields after each step; whoever calls it shows, samples, saves or stops.

A batch that is too large for the memory goes through the model in micro-batches, whose gradients add up to those of the
whole. The whole's loss is a mean over all its tokens, so each part counts by its share of them: a plain mean of the
parts' means gives the tokens of a short part more weight than those of a long one.
"""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from helpers.training.precision import autocast

Record = dict[str, float]


@runtime_checkable
class Batches(Protocol):
    """Batch number n, the same whenever it is asked for."""

    def __getitem__(self, step: int, /) -> Any:
        """The batch of this step."""
        ...


def train(
    model: nn.Module,
    batches: Batches,
    loss: Callable[[nn.Module, Any], Tensor],
    optimizer: torch.optim.Optimizer,
    schedule: Callable[[int], float],
    n_steps: int,
    *,
    first_step: int = 0,
    max_grad_norm: float = 1.0,
    n_micro_batches: int = 1,
    precision: str = "float32",
) -> Iterator[Record]:
    """Each step's record: step, loss (nats a token), lr, grad_norm (before clipping), tokens and tokens_per_second.

    `first_step` continues a run that was saved after that many steps. `n_micro_batches` saves memory and changes
    nothing else; `precision` is "float32" or "bf16". A loss or a gradient that is not a number stops the run with a
    FloatingPointError before it reaches the weights.
    """
    peaks = [group.setdefault("peak_lr", group["lr"]) for group in optimizer.param_groups]
    device = next(model.parameters()).device
    arithmetic = autocast(precision, device)
    model.train()
    for step in range(first_step, n_steps):
        began = time.perf_counter()
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * schedule(step)
        batch = batches[step]
        n_tokens = batch.n_tokens  # counted before the batch is on the device, where counting would wait for it
        optimizer.zero_grad(set_to_none=True)
        losses = []
        for part, share in micro_batches(batch.to(device), n_micro_batches):
            with arithmetic:
                part_loss = loss(model, part) * share
            part_loss.backward()
            losses.append(part_loss.detach())
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_grad_norm)
        numbers = finite(step, torch.stack(losses).sum(), norm)
        lr = optimizer.param_groups[0]["lr"]
        optimizer.step()
        speed = n_tokens / (time.perf_counter() - began)
        yield {"step": step, **numbers, "lr": lr, "tokens": n_tokens, "tokens_per_second": speed}
        model.train()  # the caller may have sampled in between


def micro_batches(batch: Any, n_parts: int) -> list[tuple[Any, float]]:
    """The batch in at most `n_parts` parts, each with its share in the loss of the whole; the shares sum to 1."""
    if n_parts < 1:
        raise ValueError(f"a batch goes through the model in 1 part or more, got n_micro_batches={n_parts}")
    if n_parts == 1:
        return [(batch, 1.0)]
    if not hasattr(batch, "micro_batches"):
        raise TypeError(
            f"to be split, a batch needs a method micro_batches(n) that gives (part, share) pairs, and "
            f"{type(batch).__name__} has none: train with n_micro_batches=1"
        )
    return batch.micro_batches(n_parts)


def finite(step: int, loss: Tensor, grad_norm: Tensor) -> Record:
    """The two as numbers; raises FloatingPointError where one is none. The only place that waits for the device."""
    if hasattr(grad_norm, "full_tensor"):  # of a sharded model each process knows a part
        grad_norm = grad_norm.full_tensor()
    numbers = dict(zip(("loss", "grad_norm"), torch.stack((loss, grad_norm)).tolist(), strict=True))
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise FloatingPointError(f"the {name} is {number} at step {step}: try a lower learning rate")
    return numbers
