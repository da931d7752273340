"""A run is a folder: what was asked for, what happened at each step, and where to go on.

    recipe.json                             settings, command, versions; written once, before the first step
    records.jsonl                           one line a step
    checkpoint.pt                           everything that the next step depends on
    model.safetensors, model.tokenizer.json the language model, in half precision; `helpers.checkpoints` loads it

A line of the records is on its way to the disk before the next step begins. A run that was killed has lines that are
younger than its checkpoint; they are cut off when it goes on, so that no step is there twice.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from helpers import checkpoints
from helpers.models import Decoder
from helpers.tokenizers import BPETokenizer
from helpers.training.checkpoints import load_checkpoint, save_checkpoint, write_whole
from helpers.training.loop import Record

MODEL = "model"  # the name under which helpers.checkpoints.load_from finds what the run made


class RunFolder:
    """One run on disk. `steps_saved` counts the steps that would survive a power cut now."""

    def __init__(self, path: Path, recipe: dict[str, Any]):
        self.path, self.recipe = path, recipe
        self.steps_saved = 0

    @classmethod
    def create(cls, path: Path, recipe: dict[str, Any]) -> "RunFolder":
        """A new run. Raises FileExistsError where anything is already: a run is never overwritten."""
        refuse_what_is_there(path)
        path.mkdir(parents=True, exist_ok=True)
        write_whole(path / "recipe.json", (json.dumps(recipe, indent=1, ensure_ascii=False) + "\n").encode())
        return cls(path, recipe)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """A run that is there. Raises FileNotFoundError or ValueError where none is."""
        if not is_run(path):
            raise FileNotFoundError(f"{path} holds no run (it has no recipe.json): leave out --resume to begin one")
        try:
            return cls(path, dict(json.loads((path / "recipe.json").read_text(encoding="utf-8"))))
        except ValueError as error:
            raise ValueError(f"{path / 'recipe.json'} is damaged ({error}): begin the run anew elsewhere") from error

    def records(self) -> list[Record]:
        """What is known of each step; a last line that was only half written does not count."""
        path = self.path / "records.jsonl"
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def cut_records(self, n_steps: int) -> None:
        """Forget the steps from number `n_steps` on, and a half-written line."""
        path = self.path / "records.jsonl"
        if not path.exists():
            return
        keep = 0
        for line in path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n") or json.loads(line)["step"] >= n_steps:
                break
            keep += len(line)
        os.truncate(path, keep)

    @contextmanager
    def recorder(self) -> Iterator[Callable[[Record], None]]:
        """A function that appends one record, and hands it to the system at once."""
        with open(self.path / "records.jsonl", "a", encoding="utf-8") as file:

            def append(record: Record) -> None:
                file.write(json.dumps(record) + "\n")
                file.flush()

            yield append

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, steps_done: int) -> None:
        """The training state, whole or not at all. Raises OSError where it cannot be written."""
        save_checkpoint(self.checkpoint, model, optimizer, steps_done, self.recipe["settings"])
        self.steps_saved = steps_done

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
        """Put the saved state back; the number of steps done, 0 if the run ended before its first checkpoint."""
        if self.checkpoint.exists():
            self.steps_saved = load_checkpoint(self.checkpoint, model, optimizer, self.recipe["settings"])
        return self.steps_saved

    @property
    def checkpoint(self) -> Path:
        """The file of the training state."""
        return self.path / "checkpoint.pt"

    def write_model(self, model: Decoder) -> None:
        """What the run made so far, for those who want to use it; the recipe is inside."""
        content = checkpoints.pack(model, recipe=self.recipe, steps_done=self.steps_saved)
        write_whole(self.path / f"{MODEL}.safetensors", content)

    def write_tokenizer(self, tokenizer: BPETokenizer) -> None:
        """The tokenizer that the run reads with."""
        content = json.dumps(tokenizer.to_dict(), ensure_ascii=False)
        write_whole(self.path / f"{MODEL}.tokenizer.json", content.encode())

    def tokenizer(self) -> BPETokenizer | None:
        """The tokenizer that the run began with, unless it ended before that was written."""
        path = self.path / f"{MODEL}.tokenizer.json"
        return BPETokenizer.load(path) if path.exists() else None


def is_run(path: Path) -> bool:
    """Whether a run lives in this folder."""
    return (path / "recipe.json").is_file()


def refuse_what_is_there(path: Path) -> None:
    """Raise FileExistsError if a new run in this folder would meet something of another."""
    if is_run(path):
        raise FileExistsError(f"{path} holds a run already: add --resume to go on with it, or name another --out")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{path} is there already and is no run: name another --out")
