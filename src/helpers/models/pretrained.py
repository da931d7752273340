"""Weights that others trained, in our model, and ours in theirs: the same ids give the same logits.

What a family of `transformers` calls each setting and each tensor stands in `foreign_names.py`; here its tables are
read in both directions. All tensors are checked before the first is copied, so what does not fit changes nothing.

Source: the file format of `transformers`: config.json beside model.safetensors, whole or in shards.
"""

import json
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from helpers.models.config import DecoderConfig
from helpers.models.decoder import Decoder
from helpers.models.encoder import Encoder, EncoderConfig, MaskedLanguageModel
from helpers.models.encoder_decoder import EncoderDecoder
from helpers.models.foreign_names import FAMILIES, LEFT_BEHIND, OLD_NAMES, SAME, Change, Family
from helpers.models.foreign_settings import config_from, family_of, settings_from
from helpers.models.presets import build

Model = Decoder | Encoder | MaskedLanguageModel | EncoderDecoder
Tensors = Mapping[str, Tensor]


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
    pairs = list(_pairs(model, family))
    tensors = _in_full(tensors, pairs, family.prefix)
    pairs = _fitting(pairs, tensors, model, family)
    embedding = tensors[pairs[0].theirs]
    model.to(embedding.device, dtype or embedding.dtype)
    _copy(tensors, pairs, model)
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

    folder = Path(name)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(name, allow_patterns=["config.json", "model*.safetensors*"]))
    settings = json.loads(_file(folder, "config.json").read_text())
    tensors: dict[str, Tensor] = {}
    for shard in _shards(folder):
        tensors.update(load_file(_file(folder, shard)))
    return settings, tensors


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


class Pair(NamedTuple):
    """One of their tensors and those of ours that hold the same numbers, by name."""

    theirs: str
    ours: list[str]
    change: Change


def _parameters(model: Model) -> dict[str, nn.Parameter]:
    """Our parameters by name. BERT without its heads has the names it has inside BERT with them."""
    prefix = "encoder." if isinstance(model, Encoder) else ""
    return {prefix + name: parameter for name, parameter in model.named_parameters()}


def _pairs(model: Model, family: Family) -> Iterator[Pair]:
    """The family's table of tensors with the numbers of this model filled in."""
    names = list(_parameters(model))
    for theirs, row in family.tensors.items():
        ours, change = row if isinstance(row, tuple) else (row, SAME)
        groups = defaultdict(list)
        for pattern in _patterns(ours):
            for name in names:
                if found := pattern.fullmatch(name):
                    groups[found.groups(default="")].append(name)
        for (*fillings, ending), group in groups.items():
            yield Pair(_filled(theirs, fillings) + ending, group, change)


def _patterns(ours: str) -> list[re.Pattern[str]]:
    """One pattern for each word in braces; what it finds is what `#` and `?` stand for, then .weight or .bias."""
    head, _, rest = ours.partition("{")
    words, _, tail = rest.partition("}")
    wild = {"#": r"(\d+)", "?": r"(\w)", "*": r"\d+"}
    names = (head + word + tail for word in words.split(","))
    return [re.compile("".join(wild.get(c, re.escape(c)) for c in name) + r"(\.weight|\.bias)?") for name in names]


def _filled(theirs: str, fillings: list[str]) -> str:
    for filling in fillings:
        theirs = re.sub(r"[#?]", filling, theirs, count=1)
    return theirs


def _in_full(tensors: Tensors, pairs: list[Pair], prefix: str) -> Tensors:
    """The tensors by the names of our tables: files may leave out the prefix, or have the names of old releases."""
    full = {pair.theirs.removeprefix(prefix): pair.theirs for pair in pairs}
    named = {}
    for name, tensor in tensors.items():
        for old, new in OLD_NAMES.items():
            name = name.replace(old, new)
        named[full.get(name.removeprefix(prefix), name)] = tensor
    return named


def _fitting(pairs: list[Pair], tensors: Tensors, model: Model, family: Family) -> list[Pair]:
    """The pairs whose tensor is there; raises unless these fill all of our parameters, and every shape fits."""
    present = [pair for pair in pairs if pair.theirs in tensors]
    filled = {name for pair in present for name in pair.ours}
    empty = {name: pair for pair in reversed(pairs) for name in pair.ours if name not in filled}
    _warn_of_absent_heads(empty, filled, family)
    missing = sorted({f"{pair.theirs} (our {', '.join(pair.ours)})" for pair in empty.values()})
    unknown = sorted(tensors.keys() - {pair.theirs for pair in pairs})
    unknown = [name for name in unknown if not any(re.fullmatch(rule, name) for rule in LEFT_BEHIND)]
    if missing or unknown:
        raise ValueError(
            f"the source must hold the tensors of this model and no others; "
            f"missing: {_listed(missing)}; unknown: {_listed(unknown)}"
        )
    _check_shapes(present, tensors, model)
    return present


def _warn_of_absent_heads(empty: dict[str, Pair], filled: set[str], family: Family) -> None:
    """Heads that some checkpoints lack are no error: they leave the list of what is missing, and keep fresh weights."""
    for head in family.optional:
        absent = [name for name in empty if name.startswith(head)]
        if absent and not any(name.startswith(head) for name in filled):
            warnings.warn(f"the source has no {head}: its weights are fresh, so train it before use", stacklevel=4)
            for name in absent:
                del empty[name]


def _listed(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more or "none"


def _check_shapes(pairs: list[Pair], tensors: Tensors, model: Model) -> None:
    shapes = {name: parameter.to("meta") for name, parameter in _parameters(model).items()}
    for theirs, ours, change in pairs:
        needed = change.join([shapes[name] for name in ours], model.config.n_heads).shape
        if tensors[theirs].shape != needed:
            raise ValueError(
                f"{theirs} must have shape {tuple(needed)} to fill our {', '.join(ours)}, "
                f"got {tuple(tensors[theirs].shape)}"
            )


@torch.no_grad()
def _copy(tensors: Tensors, pairs: list[Pair], model: Model) -> None:
    parameters = _parameters(model)
    for theirs, ours, change in pairs:
        for name, part in zip(ours, change.split(tensors[theirs], model.config.n_heads), strict=True):
            parameters[name].copy_(part)


@torch.no_grad()
def _written(model: Any) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The model's config.json, and a copy of its tensors by the names that the family has for them in files."""
    known = {kind: name for family in FAMILIES.values() for kind, name in family.architectures.items()}
    if type(model) not in known:
        raise ValueError(
            f"one of {', '.join(kind.__name__ for kind in known)} can be written, got a {type(model).__name__}"
        )
    name = family_of(model.config)
    family, parameters, tensors = FAMILIES[name], _parameters(model), {}
    special = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"))
    settings = {"model_type": name, "architectures": [family.architectures[type(model)]], **special}
    for theirs, ours, change in _pairs(model, family):
        if parameters.keys() >= set(ours):  # a second name for the same tensor is for reading only
            theirs_whole = change.join([parameters.pop(name) for name in ours], model.config.n_heads)
            tensors[theirs] = theirs_whole.clone(memory_format=torch.contiguous_format)
    return {**settings, **settings_from(model.config, family)}, tensors
