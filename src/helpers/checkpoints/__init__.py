"""Small models that the book trained itself (`make checkpoints`), shipped with the package: weights in half precision,
the configuration and the tokenizer beside them."""

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as serialize

from helpers.models.config import DecoderConfig
from helpers.models.decoder import Decoder
from helpers.tokenizers import BPETokenizer


def names() -> list[str]:
    """The checkpoints that are shipped."""
    return sorted(
        p.name.removesuffix(".safetensors") for p in files(__package__).iterdir() if p.name.endswith(".safetensors")
    )


def load(name: str) -> tuple[Decoder, BPETokenizer]:
    """A trained model, in float32 and ready to write, and its tokenizer."""
    if name not in names():
        raise FileNotFoundError(f"no checkpoint is called {name!r}; there are: {', '.join(names())}")
    with as_file(files(__package__)) as folder:
        return load_from(folder, name)


def load_from(folder: Path, name: str) -> tuple[Decoder, BPETokenizer]:
    """The same, from any folder that `save` wrote to."""
    with safe_open(folder / f"{name}.safetensors", framework="pt") as file:
        config = DecoderConfig.from_dict(json.loads(file.metadata()["config"]))
        tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118 (no iterator)
    model = Decoder(config)
    model.load_state_dict(tensors, strict=False)  # a tied head is stored once
    missing = dict(model.named_parameters()).keys() - tensors.keys()
    if missing:
        raise ValueError(f"{name}.safetensors lacks {sorted(missing)}: make it again with `make checkpoints`")
    return model.eval(), BPETokenizer.load(folder / f"{name}.tokenizer.json")


def about(name: str) -> dict[str, Any]:
    """How a shipped model came about: its seed, its recipe, what was measured when it was saved."""
    with as_file(files(__package__)) as folder, safe_open(folder / f"{name}.safetensors", framework="pt") as file:
        return json.loads(file.metadata().get("about", "{}"))


def save(folder: Path, name: str, model: Decoder, tokenizer: BPETokenizer, **about: Any) -> None:
    """Write a model in half precision with its configuration, its tokenizer and how it came about."""
    (folder / f"{name}.safetensors").write_bytes(pack(model, **about))
    tokenizer.save(folder / f"{name}.tokenizer.json")


def pack(model: Decoder, **about: Any) -> bytes:
    """The content of a checkpoint: weights in half precision, the configuration, and how it came about."""
    tensors = {key: p.detach().to(torch.float16).contiguous().cpu() for key, p in model.named_parameters()}
    metadata = {"config": json.dumps(model.config.to_dict())}
    if about:  # the order of two entries is the library's own, and the same model must give the same bytes
        metadata["about"] = json.dumps(about)
    return serialize(tensors, metadata)
