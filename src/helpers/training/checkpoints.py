"""A run on disk, so that it can go on as if it had never stopped: same weights, same optimizer, same next batch."""

import os
from pathlib import Path

import torch
from torch import nn


def save_checkpoint(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer, steps_done: int) -> None:
    """Write everything that the next step depends on.

    The file appears under its name only when it is whole: a run killed while saving keeps the checkpoint before.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "steps_done": steps_done}
    with open(partial, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def load_checkpoint(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Put a saved run back into the model and the optimizer; gives the number of steps already done."""
    device = next(model.parameters()).device
    state = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["steps_done"]
