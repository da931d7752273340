"""Sharding: each rank keeps its rows of every parameter, and of all that belongs to it; together they hold one model.

A block's parameters are gathered just before it computes and dropped just after, so that no rank ever holds them all.

Source: Rajbhandari et al. 2020, "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models",
arXiv:1910.02054, section 5 (stage 3); Zhao et al. 2023, "PyTorch FSDP", arXiv:2304.11277, section 3.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel
from torch.utils._pytree import tree_map_only

from helpers.training.checkpoints import write_state


def shard(model: nn.Module, optimizer: torch.optim.Optimizer, device_type: str, n_ranks: int) -> None:
    """Leave each rank its rows of the parameters, block by block, and of what the optimizer remembers of them."""
    mesh = init_device_mesh(device_type, (n_ranks,))
    whole = dict(model.named_parameters())
    for block in getattr(model, "blocks", []):
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)  # last: it takes what no block has taken
    rows = dict(model.named_parameters())
    _carry_over(optimizer, {whole[name]: rows[name] for name in whole})


def _carry_over(optimizer: torch.optim.Optimizer, rows_of: dict[nn.Parameter, nn.Parameter]) -> None:
    for one in getattr(optimizer, "optimizers", [optimizer]):
        for group in one.param_groups:
            group["params"] = [rows_of[parameter] for parameter in group["params"]]
        remembered = {
            rows_of[parameter]: {name: _like(rows_of[parameter], value) for name, value in state.items()}
            for parameter, state in one.state.items()
        }
        one.state = defaultdict(dict, remembered)


def _like(parameter: Any, value: Any) -> Any:
    """A value sharded as the parameter is, if it has a number for each of the parameter's."""
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    return distribute_tensor(value, parameter.device_mesh, parameter.placements, src_data_rank=None)


def whole_state(state: dict[str, Any]) -> dict[str, Any]:
    """A state dict with every sharded tensor put together on rank 0; all ranks must call it, and the others keep none.

    One tensor at a time, so that no device has to hold the whole model.
    """
    is_first = dist.get_rank() == 0

    def gathered(tensor: DTensor) -> Tensor:
        whole = tensor.full_tensor()
        return whole.cpu() if is_first else torch.empty(0)

    return tree_map_only(DTensor, gathered, state)


def save_whole(
    path: str | Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    steps_done: int,
    recipe: Mapping[str, Any] | None = None,
) -> None:
    """Save a run of any number of ranks as one process would: any number can go on from it. All ranks must call it."""
    one = model.module if isinstance(model, DistributedDataParallel) else model
    weights, memory = (whole_state(part.state_dict()) for part in (one, optimizer))
    if dist.get_rank() == 0:
        write_state(path, weights, memory, steps_done, recipe)
    dist.barrier()  # nobody reads it before it is whole
