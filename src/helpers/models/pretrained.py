"""Weights that others trained, in our model, and ours in theirs: the same ids give the same logits.

What a family of `transformers` calls each setting and each tensor stands in `foreign_names.py`; its tables are read
in both directions by `foreign_settings.py` and `foreign_tensors.py`. This file opens models, folders and the hub.

Source: the file format of `transformers`: config.json beside model.safetensors, whole or in shards.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from helpers.models.config import DecoderConfig
from helpers.models.encoder import EncoderConfig, MaskedLanguageModel
from helpers.models.foreign_names import FAMILIES
from helpers.models.foreign_settings import config_from, family_of, settings_from
from helpers.models.foreign_tensors import Model, Tensors, fill, tensors_of
from helpers.models.presets import build


def from_hugging_face(source: Any, dtype: torch.dtype | None = None) -> Any:
    """Our model with the weights of a Hugging Face model: the same ids give the same logits.

    `source` is a `transformers` model, a local folder with config.json and safetensors, or, online, a name on the
    hub such as "openai-community/gpt2". What comes back is a `Decoder`, or for BERT an `Encoder` or with its heads a
    `MaskedLanguageModel`, or for T5 an `EncoderDecoder`, in the precision of the source unless `dtype` names another.
    """
    settings, tensors = _read_model(source) if hasattr(source, "state_dict") else _read_folder(str(source))
    family = FAMILIES.get(settings.get("model_type", ""))
    if family is None:
        raise ValueError(f"model_type must be one of {', '.join(FAMILIES)}, got {settings.get('model_type')!r}")
    model = _new_model(config_from(settings, family), tensors)
    fill(model, tensors, family, dtype)
    return model.eval()


def to_hugging_face(model: nn.Module) -> Any:
    """The `transformers` model with the weights of ours: the same ids give the same logits.

    Which ids are special is not known to our models, so it has no start, end or padding token until they are set.
    """
    import transformers

    settings, tensors = _written(model)
    architecture = getattr(transformers, settings["architectures"][0])
    config = architecture.config_class.from_dict(settings)
    return architecture.from_pretrained(None, config=config, state_dict=tensors).eval()


def save_hugging_face(model: nn.Module, folder: str | Path) -> None:
    """Write config.json and model.safetensors, which `transformers` reads like its own; so does `from_hugging_face`."""
    from safetensors.torch import save_file

    settings, tensors = _written(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _read_model(model: Any) -> tuple[dict[str, Any], Tensors]:
    return model.config.to_dict(), model.state_dict()


def _read_folder(name: str) -> tuple[dict[str, Any], Tensors]:
    from safetensors.torch import load_file

    if not Path(name).is_dir() and (name.startswith((".", "/", "~")) or name.count("/") > 1):
        raise FileNotFoundError(f"there is no folder {name!r}")
    folder = Path(name) if Path(name).is_dir() else _from_hub(name)
    settings = json.loads(_file(folder, "config.json").read_text())
    tensors: dict[str, Tensor] = {}
    for shard in _shards(folder):
        tensors.update(load_file(_file(folder, shard)))
    return settings, tensors


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["config.json", "model*.safetensors*"]))
    except (OSError, ValueError) as error:  # no network, no such model, or not a name at all
        raise FileNotFoundError(f"{name!r} is no folder here, and the hub has not given it: {error}") from error


def _shards(folder: Path) -> list[str]:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return ["model.safetensors"]
    return sorted(set(json.loads(index.read_text())["weight_map"].values()))


def _file(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise FileNotFoundError(
            f"a model folder holds config.json and model.safetensors, or an index of its shards and all of them; "
            f"{folder} has no {name}"
        )
    return folder / name


def _new_model(config: DecoderConfig, tensors: Tensors) -> Model:
    if isinstance(config, EncoderConfig) and any(name.startswith("cls.") for name in tensors):
        return MaskedLanguageModel(config)
    return build(config)


def _written(model: Any) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The model's config.json, and a copy of its tensors by the names that they have in files."""
    known = {kind: name for family in FAMILIES.values() for kind, name in family.architectures.items()}
    if type(model) not in known:
        raise ValueError(
            f"one of {', '.join(kind.__name__ for kind in known)} can be written, got a {type(model).__name__}"
        )
    name = family_of(model.config)
    family = FAMILIES[name]
    special = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"))
    settings = {"model_type": name, "architectures": [family.architectures[type(model)]], **special}
    return {**settings, **settings_from(model.config, family)}, tensors_of(model, family)
