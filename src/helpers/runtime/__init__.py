"""Floor 0: what every other floor may stand on. Device, seeds, time, counts, progress."""

from helpers.runtime.counts import human_bytes, human_count, n_bytes, n_parameters
from helpers.runtime.device import best_device, describe_device
from helpers.runtime.footer import footer
from helpers.runtime.lookup import quick_lookup
from helpers.runtime.memory import peak_memory_bytes
from helpers.runtime.progress import progress, training_note
from helpers.runtime.sandbox import run_limited
from helpers.runtime.seeds import generator, seed_everything
from helpers.runtime.timing import Stopwatch

__all__ = [
    "Stopwatch",
    "best_device",
    "describe_device",
    "footer",
    "generator",
    "human_bytes",
    "human_count",
    "n_bytes",
    "n_parameters",
    "peak_memory_bytes",
    "progress",
    "quick_lookup",
    "run_limited",
    "seed_everything",
    "training_note",
]
