"""Looking at what training made: what a run or a checkpoint holds, how two differ, and what a model writes."""

import json
import statistics
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from helpers import checkpoints
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import generator, human_count
from helpers.sampling import generate
from helpers.tokenizers import CHAT_FORMATS, END_OF_TEXT, BPETokenizer
from helpers.training.loop import Record
from helpers.training.run_folder import MODEL, RunFolder, is_run
from helpers.training.run_settings import flat, known

LAST_STEPS = 20  # steps over which a loss is averaged

Facts = dict[str, Any]


def load_model(where: str) -> tuple[Decoder, BPETokenizer]:
    """The model of a run's folder or of a shipped checkpoint. Raises ValueError or FileNotFoundError."""
    folder, name = model_files(where)
    try:
        return checkpoints.load_from(folder, name)
    except (SafetensorError, KeyError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{folder / name}.safetensors is damaged ({error}): go on with the run to write it anew"
        ) from error


def model_files(where: str) -> tuple[Path, str]:
    """The folder and the name under which a model's files lie."""
    path = Path(where)
    if is_run(path):
        if not (path / f"{MODEL}.safetensors").exists():
            raise FileNotFoundError(
                f"{where} has written no model yet: it does when it ends; go on with it by --resume"
            )
        return path, MODEL
    if path.is_dir():
        raise FileNotFoundError(f"{where} holds no run: it has no recipe.json")
    return Path(checkpoints.__file__).parent, known(where, checkpoints.names(), "run folder or checkpoint")


def question_ids(question: str, tokenizer: BPETokenizer) -> list[int]:
    """A user's question to a chat model, up to where the answer begins."""
    messages = [{"role": "user", "content": question}]
    return CHAT_FORMATS["tales"].encode(messages, tokenizer, add_generation_prompt=True).ids


def written(
    model: Decoder, tokenizer: BPETokenizer, prompts: list[list[int]], temperature: float, n_tokens: int, seed: int
) -> list[str]:
    """What a model writes after each prompt, up to the end of the text or of the turn."""
    ends = {tokenizer.special[mark] for mark in (END_OF_TEXT, "<|end|>") if mark in tokenizer.special}
    rows = generate(model, prompts, n_tokens, temperature=temperature, stop=ends, generator=generator(seed)).tolist()
    return [tokenizer.decode(takewhile(lambda i: i not in ends, row)) for row in rows]


def facts(where: str) -> Facts:
    """What a run or a checkpoint holds, as names and values."""
    if is_run(Path(where)):
        run = RunFolder.open(Path(where))
        return progress_facts(run) | flat(run.recipe["settings"]) | run.recipe["config"] | run.recipe["versions"]
    metadata = metadata_of(*model_files(where))
    config = json.loads(metadata["config"])
    return {"parameters": parameters_of(config)} | json.loads(metadata.get("about", "{}")) | config


def metadata_of(folder: Path, name: str) -> dict[str, str]:
    """What a checkpoint says about itself."""
    with safe_open(folder / f"{name}.safetensors", framework="pt") as file:
        return file.metadata()


def progress_facts(run: RunFolder) -> Facts:
    """How far a run is and how well it does."""
    records = run.records()
    return {
        "command": run.recipe["command"],
        "steps done": f"{len(records)} of {run.recipe['settings']['steps']}",
        "loss": f"{recent_loss(records):.3f}" if records else "not yet known",
        "parameters": parameters_of(run.recipe["config"]),
    }


def recent_loss(records: list[Record]) -> float:
    """The mean loss of the last steps: one step's loss depends on its few texts."""
    return statistics.fmean(record["loss"] for record in records[-LAST_STEPS:])


def parameters_of(config: dict[str, Any]) -> str:
    """How many numbers a decoder of this configuration learns."""
    with torch.device("meta"):
        return human_count(Decoder(DecoderConfig.from_dict(config)).n_parameters)


def table(columns: dict[str, Facts]) -> str:
    """Facts under each other, less those that say no; of several runs only what differs."""
    names = dict.fromkeys(name for column in columns.values() for name in column)
    rows = [[name, *(said(column.get(name)) for column in columns.values())] for name in names]
    if len(columns) > 1:
        rows = [["", *columns], *(row for row in rows if len(set(row[1:])) > 1)]
    rows = [row for row in rows if row[0] == "" or set(row[1:]) != {"no"}]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def said(value: Any) -> str:
    """A value as a reader says it."""
    return {"None": "no", "False": "no", "True": "yes"}.get(str(value), str(value))
