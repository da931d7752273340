"""What a run is asked to do, as plain values: a preset, changed by what the reader gives; and, when a run goes on,
the same as before or a refusal that names the difference.

Some answers are settled when the run begins, so that it can be made again elsewhere: `auto` becomes the device that was
there, a path becomes absolute.
"""

import platform
from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch

from helpers.models import DecoderConfig
from helpers.runtime import best_device
from helpers.runtime.footer import package_version

Settings = dict[str, Any]
WORDS = [field.name for field in fields(DecoderConfig) if field.name != "vocab_size"]
ALWAYS: Settings = {"seed": 0, "precision": "float32"}


def settings_of(presets: dict[str, Settings], name: str, given: Settings) -> Settings:
    """The preset of this name with everything that was given in its place. Raises ValueError for an unknown name."""
    preset = presets[known(name, presets, "preset")]
    words = preset.get("words", {}) | given.get("words", {})
    settled: Settings = {"preset": name, "device": str(best_device()), "threads": torch.get_num_threads()}
    return settled | ALWAYS | {"text": None} | preset | given | {"words": words}


def known(name: str, names: Iterable[str], what: str) -> str:
    """The name itself, if there is such a one; otherwise a ValueError with the nearest names, or all."""
    names = list(names)
    if name in names:
        return name
    near = get_close_matches(name, names, n=3)
    raise ValueError(
        f"no {what} is called {name!r}: {'did you mean' if near else 'there are'} {', '.join(near or names)}"
    )


def word(text: str) -> tuple[str, Any]:
    """A word of the configuration and its value, as given in `--set d_model=128`."""
    name, sign, value = text.partition("=")
    if not sign:
        raise ValueError(f"--set takes words like d_model=128, got {text!r}")
    if name == "vocab_size":
        raise ValueError("vocab_size follows from the tokenizer: leave it out")
    return known(name, WORDS, "word of the configuration"), plain_value(value)


def plain_value(text: str) -> Any:
    """Yes or no, a number, or else the word itself.

    >>> plain_value("128"), plain_value("1e-5"), plain_value("false"), plain_value("rope")
    (128, 1e-05, False, 'rope')
    """
    if text.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def refuse_differences(before: Settings, given: Settings) -> None:
    """Raise ValueError, naming each setting that was given now with another value than when the run began."""
    were, are = flat(before), flat(given)
    found = [
        f"{name} was {were.get(name)!r} and is now {value!r}" for name, value in are.items() if were.get(name) != value
    ]
    if found:
        raise ValueError(
            f"a run goes on as it began, but {'; '.join(found)}: leave that out, or begin a new run with another --out"
        )


def flat(settings: Settings) -> Settings:
    """The settings with the words of the configuration among them."""
    return {name: value for name, value in settings.items() if name != "words"} | settings.get("words", {})


def given_settings(options: dict[str, Any]) -> Settings:
    """What the reader asked for: options that were given, as settings."""
    given = {name: value for name, value in options.items() if value is not None}
    if "words" in given:
        given["words"] = dict(map(word, given["words"]))
    if "device" in given:
        given["device"] = str(present_device(given["device"]))
    if "text" in given:
        given |= {"text": str(Path(given["text"]).resolve()), "corpus": "text"}
    for name in {"start", "judge"} & given.keys():
        if Path(given[name]).is_dir():  # a run; otherwise a name
            given[name] = str(Path(given[name]).resolve())
    return given


def present_device(name: str) -> torch.device:
    """The device of this name. Raises ValueError where this machine lacks it."""
    try:
        return best_device(None if name == "auto" else name)
    except RuntimeError as error:
        raise ValueError(
            f"--device {name} is not there: torch {torch.__version__} sees none; try --device auto"
        ) from error


def versions() -> dict[str, str]:
    """Versions that decide whether a run can be made again to the bit."""
    return {"helpers": package_version(), "torch": torch.__version__, "python": platform.python_version()}
