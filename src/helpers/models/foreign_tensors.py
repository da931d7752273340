"""A model's tensors, from the names and layouts of `transformers` to ours and back.

The tables in `foreign_names.py` are patterns; filled with the numbers of one model they become pairs: one tensor of
theirs, and those of ours that hold the same numbers. All pairs are checked before the first number is copied, so
what does not fit changes nothing.
"""

import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from helpers.models.decoder import Decoder
from helpers.models.encoder import Encoder, MaskedLanguageModel
from helpers.models.encoder_decoder import EncoderDecoder
from helpers.models.foreign_names import LEFT_BEHIND, OLD_NAMES, SAME, Change, Family

Model = Decoder | Encoder | MaskedLanguageModel | EncoderDecoder
Tensors = Mapping[str, Tensor]


def fill(model: Model, tensors: Tensors, family: Family, dtype: torch.dtype | None = None) -> None:
    """Give the model these weights, on their device and in their precision, or that of `dtype`."""
    pairs = list(_pairs(model, family))
    tensors = _in_full(tensors, pairs, family.prefix)
    pairs = _fitting(pairs, tensors, model, family)
    embedding = tensors[pairs[0].theirs]
    model.to(embedding.device, dtype or embedding.dtype)
    _copy(tensors, pairs, model)


@torch.no_grad()
def tensors_of(model: Model, family: Family) -> dict[str, Tensor]:
    """A copy of the model's weights, as a file of this family holds them."""
    parameters, tensors = _parameters(model), {}
    for theirs, ours, change in _pairs(model, family):
        if parameters.keys() >= set(ours):  # a second name for the same tensor is for reading only
            joined = change.join([parameters.pop(name) for name in ours], model.config.n_heads)
            tensors[theirs] = joined.clone(memory_format=torch.contiguous_format)
    return tensors


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
        named[full.get(name, name)] = tensor
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
            warnings.warn(f"the source has no {head}: its weights are fresh, so train it before use", stacklevel=5)
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
