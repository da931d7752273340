"""Data parallelism: every process (a *rank*) takes its rows of the same batch, and the gradients are averaged.

The batch's loss is a mean over all its tokens. Ranks seldom hold equally many, so a mean of their means would be
another loss: each rank counts by its share of the tokens, as micro-batches do. So N processes make the steps of one.

Conventions: "the batch" is the one of all ranks, and so are the loss, the gradient's norm, the tokens and the tokens
per second in a record. PyTorch's DDP and FSDP2 both take the mean of the ranks' gradients, not their sum.

Source: Li et al. 2020, "PyTorch Distributed", arXiv:2006.15704, section 3 (DDP); Zhao et al. 2023, "PyTorch FSDP",
arXiv:2304.11277, section 3; Rajbhandari et al. 2020, "ZeRO", arXiv:1910.02054, section 5 (who holds what).
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from helpers.runtime import best_device
from helpers.training.loop import Batches, micro_batches
from helpers.training.sharding import shard

BACKENDS = {"cpu": "gloo", "cuda": "nccl"}  # who carries tensors between processes


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this one is, and where it computes."""

    rank: int
    n_ranks: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process speaks for all: only one may report."""
        return self.rank == 0


@contextmanager
def process_group(device: str | None = None, timeout_s: float = 600.0) -> Iterator[Ranks]:
    """Inside the `with` block the processes that torchrun started can talk; without torchrun there is one.

    A rank that waits longer than `timeout_s` for the others stops with an error. Raises RuntimeError where the
    machine lacks a device or the backend for it, and where another rank died.
    """
    place = _own_device(best_device(device), int(os.environ.get("LOCAL_RANK", 0)))
    backend = _backend(place)
    try:
        _join(backend, timedelta(seconds=timeout_s))
        yield Ranks(dist.get_rank(), dist.get_world_size(), place)
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            raise
        who = f"rank {os.environ.get('RANK', 0)} of {os.environ.get('WORLD_SIZE', 1)}"
        raise RuntimeError(f"{who} {LOST_TOUCH}") from error
    dist.destroy_process_group()  # not after an error: that would wait for ranks that are gone


LOST_TOUCH = (
    "lost touch with the others: one of them died, never came, or waits for something else. Look for the first error "
    "above, then start the same command again: the run goes on from its last checkpoint"
)


def _join(backend: str, timeout: timedelta) -> None:
    if "RANK" in os.environ:
        dist.init_process_group(backend, timeout=timeout)
    else:
        dist.init_process_group(backend, timeout=timeout, store=dist.HashStore(), rank=0, world_size=1)


def _backend(device: torch.device) -> str:
    backend = BACKENDS.get(device.type)
    if backend is None or not dist.is_backend_available(backend):
        raise RuntimeError(
            f"processes on {device.type} talk through {backend or 'no backend that torch has'}, and torch "
            f"{torch.__version__} here lacks it: use the device 'cpu', or a torch that was built with it"
        )
    return backend


def _own_device(device: torch.device, local_rank: int) -> torch.device:
    """One GPU for each process of a node."""
    if device.type != "cuda":
        return device
    if local_rank >= torch.cuda.device_count():
        raise RuntimeError(
            f"every process needs a GPU of its own: this node has {torch.cuda.device_count()}, and this is process "
            f"{local_rank}, counted from 0: give torchrun a smaller --nproc-per-node"
        )
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


@dataclass(frozen=True)
class Share:
    """One rank's rows of a batch, the part of the loss that they are, and the tokens of the whole batch."""

    rows: Any
    weight: float
    n_tokens: int

    def to(self, device: torch.device | str) -> "Share":
        """The same share on a device."""
        return Share(self.rows.to(device), self.weight, self.n_tokens)


class Shares:
    """One rank's rows of every batch. All ranks make the whole batch, which costs little and needs no messages."""

    def __init__(self, batches: Batches, ranks: Ranks):
        self.batches, self.ranks = batches, ranks

    def __getitem__(self, step: int) -> Share:
        batch, n_ranks = self.batches[step], self.ranks.n_ranks
        if len(batch.inputs) % n_ranks:
            raise ValueError(
                f"every rank takes as many rows, so their number must divide the batch: got {len(batch.inputs)} rows "
                f"for {n_ranks} ranks; take a multiple of {n_ranks}"
            )
        parts = micro_batches(batch, n_ranks)
        # Rows that ask for nothing are no part. Their rank must come along all the same, or the others wait for it.
        idle = (parts[0][0], 0.0)
        rows, weight = parts[self.ranks.rank] if self.ranks.rank < len(parts) else idle
        return Share(rows, weight, batch.n_tokens)


def whole_loss(loss: Callable[[nn.Module, Any], Tensor]) -> Callable[[nn.Module, Share], Float[Tensor, ""]]:
    """The loss of the whole batch from a loss of rows: the same number on every rank, its own gradient on each."""

    def of_share(model: nn.Module, share: Share) -> Float[Tensor, ""]:
        own = loss(model, share.rows) * share.weight
        total = own.detach().clone()
        dist.all_reduce(total)
        return total + dist.get_world_size() * (own - own.detach())  # × N: the ranks' gradients will be averaged

    return of_share


def alone(model: nn.Module, optimizer: torch.optim.Optimizer, ranks: Ranks) -> nn.Module:
    """The model as it is, for one process."""
    if ranks.n_ranks > 1:
        raise ValueError(f"'none' is for one process, and {ranks.n_ranks} were started: say 'ddp' or 'fsdp'")
    return model


def replicated(model: nn.Module, optimizer: torch.optim.Optimizer, ranks: Ranks) -> nn.Module:
    """DDP: every rank holds the whole model, and gradients are averaged while the backward pass still runs."""
    return DistributedDataParallel(model)


def sharded(model: nn.Module, optimizer: torch.optim.Optimizer, ranks: Ranks) -> nn.Module:
    """FSDP2: every rank holds its rows of each parameter, gradient and optimizer state, and borrows the rest."""
    shard(model, optimizer, ranks.device.type, ranks.n_ranks)
    return model


WAYS: dict[str, Callable[[nn.Module, torch.optim.Optimizer, Ranks], nn.Module]] = {
    "none": alone,
    "ddp": replicated,
    "fsdp": sharded,
}


def parallel(way: str, model: nn.Module, optimizer: torch.optim.Optimizer, ranks: Ranks) -> nn.Module:
    """The model to train: alone ("none"), whole on every rank ("ddp") or in shards ("fsdp").

    Model and optimizer are made, and resumed, as for one process; the optimizer goes over to the shards. Raises
    ValueError where the ranks do not begin with the same weights.
    """
    if way not in WAYS:
        raise ValueError(f"a way to be parallel is one of {', '.join(map(repr, WAYS))}, got {way!r}")
    check_agreement("weights", model.state_dict().values())
    return WAYS[way](model, optimizer, ranks)


def check_agreement(what: str, tensors: Iterable[Tensor]) -> None:
    """Raise unless all ranks hold the same numbers: from different ones they would train a model that is none's."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    digests: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(digests, digest.hexdigest())
    differing = [rank for rank, other in enumerate(digests) if other != digests[0]]
    if differing:
        raise ValueError(
            f"all ranks must have the same {what}, got others on {differing} than on rank 0: give every rank the same "
            "seed, and let every node see the same files"
        )
