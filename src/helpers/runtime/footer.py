"""The last line of every notebook: which versions, seed and device gave these outputs, what time and memory it took."""

import platform
from importlib.metadata import PackageNotFoundError, version

import torch

from helpers.runtime.counts import human_bytes
from helpers.runtime.device import describe_device
from helpers.runtime.memory import peak_memory_bytes
from helpers.runtime.timing import Stopwatch

DISTRIBUTION = "from-gpt-to-llama"


def footer(seed: int, device: torch.device | str, stopwatch: Stopwatch) -> str:
    """One line with what a reader needs to compare a run with the printed one."""
    peak = peak_memory_bytes()
    return " · ".join(
        [
            f"helpers {package_version()}",
            f"torch {torch.__version__.split('+')[0]}",
            f"Python {'.'.join(platform.python_version_tuple()[:2])}",
            f"seed {seed}",
            describe_device(device),
            f"{stopwatch.seconds:.0f} s",
            *([f"at most {human_bytes(peak)}"] if peak else []),
        ]
    )


def package_version() -> str:
    """The installed version of this package, or 'from source' where it is only on the path."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "from source"
