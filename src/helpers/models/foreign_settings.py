"""A model's settings, from the words of `transformers` to ours and back.

A setting that our parts cannot express is an error, never ignored: the weights would load, and the model would
babble.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import reduce
from typing import Any

from helpers.models.config import DecoderConfig, ExpertsConfig
from helpers.models.foreign_names import FAMILIES, ROPE_SCALINGS, Family
from helpers.positions.rope_scaling import RopeScaling

Settings = Mapping[str, Any]


def config_from(settings: Settings, family: Family) -> DecoderConfig:
    """Our configuration of the model that these settings describe.

    The words of RoPE stand in `rope_parameters` (transformers 5) or beside the others, its stretching in
    `rope_scaling` (before).
    """
    rope = (settings.get("rope_scaling") or {}) | (settings.get("rope_parameters") or {})
    settings = {**settings, **rope}
    _check_fixed(settings, family)
    words = {**family.words, **_chosen_words(settings, family)}
    _check_complete(words, family)
    words["rope_scaling"] = _rope_scaling(rope, settings.get("max_position_embeddings"))
    experts = {name.removeprefix("experts."): words.pop(name) for name in list(words) if name.startswith("experts.")}
    words["experts"] = ExpertsConfig(**experts) if experts else None
    return family.config(**words)


def _check_fixed(settings: Settings, family: Family) -> None:
    for name, value in family.fixed.items():
        if settings.get(name) not in (None, value):
            raise ValueError(f"our parts can only build {name}={value!r}, got {settings[name]!r}")


def _chosen_words(settings: Settings, family: Family) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for theirs, row in family.settings.items():
        value = settings.get(theirs)
        if value is None:
            continue
        ours, values = row if isinstance(row, tuple) else (row, {value: value})
        if value not in values:
            raise ValueError(f"no part of ours computes {theirs}={value!r}; known are {', '.join(map(str, values))}")
        if words.setdefault(ours, values[value]) != values[value]:
            raise ValueError(
                f"{theirs}={value!r} contradicts a setting before it: both are our one word {ours}, "
                f"which is {words[ours]!r} by then"
            )
    return words


def _check_complete(words: Mapping[str, Any], family: Family) -> None:
    missing = [f.name for f in fields(family.config) if f.default is MISSING and f.name not in words]
    if missing:
        raise ValueError(
            f"config.json must give {', '.join(theirs for theirs, row in family.settings.items() if row in missing)}"
        )


def _rope_scaling(rope: Settings, context_length: int | None) -> RopeScaling | None:
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return None
    if kind not in ROPE_SCALINGS:
        raise ValueError(f"rope_type must be one of default, {', '.join(ROPE_SCALINGS)}, got {kind!r}")
    if rope.get("factor") is None:
        raise ValueError(f"rope_type {kind!r} needs a factor, got {dict(rope)}")
    rule, names = ROPE_SCALINGS[kind]
    rope = {"original_max_position_embeddings": context_length, **rope}
    scaling = rule(**{ours: rope[theirs] for theirs, ours in names.items() if rope.get(theirs) is not None})
    _check_rope(rope, names, scaling)
    return scaling


def _check_rope(rope: Settings, names: Settings, scaling: RopeScaling) -> None:
    known = {*names, "rope_type", "type", "rope_theta", "partial_rotary_factor", "original_max_position_embeddings"}
    implied = {"attention_factor": scaling.attention_factor, "truncate": True}
    for name, value in rope.items():
        if name not in known and value not in (None, implied.get(name)):
            raise ValueError(f"no part of ours computes the rope setting {name}={value!r}; {scaling} has its own")


def settings_from(config: DecoderConfig, family: Family) -> dict[str, Any]:
    """The family's settings for our configuration, as far as the family has words for it."""
    settings = {theirs: _their_value(config, row) for theirs, row in family.settings.items()}
    if config.positions == "rope":
        settings["rope_scaling"] = _their_scaling(config.rope_scaling)
    return {**settings, **family.fixed}


def _their_value(config: Any, row: str | tuple[str, dict[Any, Any]]) -> Any:
    ours, values = row if isinstance(row, tuple) else (row, None)
    value = reduce(lambda part, name: getattr(part, name, None), ours.split("."), config)  # experts may be None
    if values:
        return {word: theirs for theirs, word in reversed(values.items())}.get(value)  # the first name of a word wins
    return None if type(value) is int and value == 0 else value


def _their_scaling(scaling: RopeScaling | None) -> dict[str, Any] | None:
    for kind, (rule, names) in ROPE_SCALINGS.items():
        if type(scaling) is rule:
            return {"rope_type": kind, **{theirs: getattr(scaling, ours) for theirs, ours in names.items()}}
    return None


def family_of(config: DecoderConfig) -> str:
    """The first family that gives this configuration back unchanged when it is written and read."""
    losses = {name: _lost(config, family) for name, family in FAMILIES.items() if family.config is type(config)}
    closest = min(losses, key=lambda name: len(losses[name]))
    if losses[closest]:
        raise ValueError(
            f"no family of transformers has this combination of words; the closest is {closest}, "
            f"which cannot have {' or '.join(losses[closest])}"
        )
    return closest


def _lost(config: DecoderConfig, family: Family) -> list[str]:
    try:
        back = config_from(settings_from(config, family), family)
    except ValueError:  # sizes that this family has no words for contradict each other without them
        return [f"{name}={value!r}" for name, value in vars(config).items()]
    return [f"{name}={value!r}" for name, value in vars(config).items() if getattr(back, name) != value]
