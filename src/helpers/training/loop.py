"""One training loop for every stage. It yields after each step; whoever calls it shows, samples, saves or stops."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

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
) -> Iterator[Record]:
    """Each step's record: step, loss (nats a token), lr, grad_norm (before clipping), tokens and tokens_per_second.

    `first_step` continues a run that was saved after that many steps. A loss that is not a number stops the run
    with an error before it reaches the weights.
    """
    peaks = [group.setdefault("peak_lr", group["lr"]) for group in optimizer.param_groups]
    device = next(model.parameters()).device
    model.train()
    for step in range(first_step, n_steps):
        began = time.perf_counter()
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * schedule(step)
        batch = batches[step].to(device)
        record = _step(model, batch, loss, optimizer, max_grad_norm, step)
        seconds = time.perf_counter() - began
        n_tokens = batch.n_tokens
        yield {**record, "tokens": n_tokens, "tokens_per_second": n_tokens / seconds}
        model.train()  # the caller may have sampled in between


def _step(
    model: nn.Module,
    batch: Any,
    loss: Callable[[nn.Module, Any], Tensor],
    optimizer: torch.optim.Optimizer,
    max_grad_norm: float,
    step: int,
) -> Record:
    value = loss(model, batch)
    if not torch.isfinite(value):
        raise FloatingPointError(f"the loss is {value.item()} at step {step}: try a lower learning rate")
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_grad_norm)
    optimizer.step()
    return {
        "step": step,
        "loss": value.item(),
        "lr": optimizer.param_groups[0]["lr"],
        "grad_norm": norm.item(),
    }
