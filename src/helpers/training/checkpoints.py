"""A run on disk, so that it can go on as if it had never stopped: same weights, same optimizer, same next batch.

A file appears under its name only when it is whole and on the disk, and is read only when its checksums are right; what
is read goes into a model only when all of it fits. So whatever goes wrong, the file before, or the model before, stays.
"""

import errno
import io
import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

CONTENT = {"model", "optimizer", "steps_done"}
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    steps_done: int,
    recipe: Mapping[str, Any] | None = None,
) -> None:
    """Write everything that the next step depends on, and how the run was set up.

    `recipe` holds plain values: numbers, words, lists and dicts of them. A full disk raises OSError; the checkpoint
    before is then still there, and so is the model.
    """
    write_state(path, model.state_dict(), optimizer.state_dict(), steps_done, recipe)


def write_state(
    path: str | Path,
    model: Mapping[str, Any],
    optimizer: Mapping[str, Any],
    steps_done: int,
    recipe: Mapping[str, Any] | None = None,
) -> None:
    """The same from state dicts that are there, such as those gathered from many processes."""
    state = {"model": model, "optimizer": optimizer, "steps_done": steps_done}
    content = io.BytesIO()  # in memory first: torch hides the disk's own errors behind its own
    torch.save({**state, "recipe": json.dumps(dict(recipe or {}))}, content)
    write_whole(Path(path), content.getbuffer())


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Put a file on the disk under its name, whole or not at all: a kill or a power cut keeps the file before.

    What a kill leaves is called `.partial`; the next write takes its place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_folder(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise in_words(error, path, len(content)) from error


def sync_folder(folder: Path) -> None:
    """Bring the folder's list of names to the disk: the new name is an entry there, not a part of the file."""
    if hasattr(os, "O_DIRECTORY"):  # Windows does not open folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def in_words(error: OSError, path: Path, n_bytes: int) -> OSError:
    """The same error; of a full disk with what was needed, what there is and what to do."""
    if error.errno not in NO_ROOM:
        return error
    free = shutil.disk_usage(path.parent).free
    return OSError(
        error.errno,
        f"{error.strerror}: {n_bytes / 1e6:.2f} MB are needed and {free / 1e6:.2f} MB are free. What was saved before "
        "is untouched; make room, or save in another folder",
        str(path),
    )


def load_checkpoint(
    path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer, recipe: Mapping[str, Any] | None = None
) -> int:
    """Put a saved run back into the model and the optimizer; gives the number of steps already done.

    Raises ValueError, and changes nothing, for a damaged file, for one of another model or optimizer, and, where a
    `recipe` is given, for one that was saved with another.
    """
    state = read_checkpoint(Path(path), next(model.parameters()).device)
    differences = model_differences(state["model"], model) or optimizer_differences(state["optimizer"], optimizer)
    if recipe is not None:
        now = json.loads(json.dumps(dict(recipe)))  # as saving would change it: tuples become lists
        differences = recipe_differences(json.loads(state["recipe"]), now) + differences
    if differences:
        more = f", and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise ValueError(f"{path} belongs to another run: {'; '.join(differences[:3])}{more}. Nothing was loaded")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["steps_done"]


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What a checkpoint holds. Raises ValueError if one bit of it is not as it was written."""
    try:
        with zipfile.ZipFile(path) as archive:  # torch.load does not compare the checksums of its own files
            if (damaged := archive.testzip()) is not None:
                raise zipfile.BadZipFile(f"the checksum of {damaged} is wrong")
        state = torch.load(path, map_location=device, weights_only=True)
        if missing := CONTENT - state.keys():
            raise KeyError(f"it lacks {sorted(missing)}")
    except OSError:
        raise
    except Exception as error:  # zip's, pickle's and torch's ways to fail on bytes that are not theirs are many
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"{path} is no whole checkpoint ({reason}): go on from another, or begin anew") from error
    return {"recipe": "{}", **state}


def model_differences(saved: Mapping[str, torch.Tensor], model: nn.Module) -> list[str]:
    """Why these weights do not fit the model, tensor by tensor."""
    there = {name: tuple(tensor.shape) for name, tensor in saved.items()}
    here = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    return [f"its {change}" for change in changes(there, here)]


def optimizer_differences(saved: Mapping[str, Any], optimizer: torch.optim.Optimizer) -> list[str]:
    """Why this memory does not fit the optimizer: other settings, other groups, or numbers for other shapes."""
    parts, states = getattr(optimizer, "optimizers", [optimizer]), saved.get("optimizers", [saved])
    there = [group_shape(group) for state in states for group in state["param_groups"]]
    here = [group_shape(group) for part in parts for group in part.param_groups]
    if there != here:
        return [f"its optimizer has {' and '.join(there)}, this one {' and '.join(here)}"]
    for part, state in zip(parts, states, strict=True):
        parameters = [parameter for group in part.param_groups for parameter in group["params"]]
        for index, memory in state["state"].items():
            shapes = {tuple(value.shape) for value in memory.values() if isinstance(value, torch.Tensor)}
            if not shapes <= {(), tuple(parameters[index].shape)}:
                return [f"its optimizer's parameters come in another order: number {index} was {max(shapes)}"]
    return []


def group_shape(group: Mapping[str, Any]) -> str:
    """How many parameters a group moves, and by which settings: what tells one kind of optimizer from another."""
    settings = sorted(group.keys() - {"params", "peak_lr"})
    return f"{len(group['params'])} parameters moved by {', '.join(settings)}"


def recipe_differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """The settings that two runs do not share, by name."""
    return changes(flat(there), flat(here))


def changes(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What has another value here than there, name by name."""
    return [
        f"{name} is {there.get(name, 'missing')} there and {here.get(name, 'missing')} here"
        for name in [*there, *(here.keys() - there.keys())]
        if name not in there or name not in here or there[name] != here[name]
    ]


def flat(recipe: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one list of names, such as `model.d_model`."""
    values: dict[str, Any] = {}
    for name, value in recipe.items():
        values |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return values
