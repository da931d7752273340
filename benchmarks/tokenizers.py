"""Byte-level BPE beside the `tokenizers` library: training and encoding, in one run on one text.

The library is Rust and spreads over all cores; it is held to one thread here, as this package uses one.
Run: python benchmarks/tokenizers.py [path of a text file] (default: the Python manual, repeated to about 1 MB)
"""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

# This file bears the library's name; its folder must not come first where imports are looked for.
sys.path = [folder for folder in sys.path if Path(folder or ".").resolve() != Path(__file__).resolve().parent]
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer  # noqa: E402
from tokenizers.models import BPE  # noqa: E402
from tokenizers.pre_tokenizers import ByteLevel  # noqa: E402
from tokenizers.trainers import BpeTrainer  # noqa: E402

from helpers.corpora.real import python_manual  # noqa: E402
from helpers.runtime import Stopwatch  # noqa: E402
from helpers.tokenizers import BPETokenizer  # noqa: E402

N_MERGES = 1_000
N_RUNS = 3


def best_seconds(work: Callable[[], object]) -> float:
    """The shortest of a few runs: other work on the machine can only lengthen them."""
    seconds = []
    for _ in range(N_RUNS):
        with Stopwatch() as watch:
            work()
        seconds.append(watch.seconds)
    return min(seconds)


def train_library(text: str) -> Tokenizer:
    """The library's byte-level BPE with as many merges."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=256 + N_MERGES,
        initial_alphabet=ByteLevel.alphabet(),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def chunks(text: str, n_characters: int = 1_000) -> list[str]:
    """The text in documents of a page each, as corpora come."""
    return [text[i : i + n_characters] for i in range(0, len(text), n_characters)]


def report(rows: Iterable[tuple[str, float, float]], n_megabytes: float) -> None:
    """A table of seconds and megabytes per second."""
    print(f"{'':30}{'helpers':>18}{'tokenizers':>18}{'ratio of seconds':>18}")
    for name, ours, theirs in rows:
        speeds = [f"{s:.2f} s {n_megabytes / s:5.1f} MB/s" for s in (ours, theirs)]
        print(f"{name:30}{speeds[0]:>18}{speeds[1]:>18}{ours / theirs:>18.2f}")


def main() -> None:
    text = Path(sys.argv[1]).read_text(encoding="utf-8") if sys.argv[1:] else python_manual() * 3
    documents = chunks(text)
    ours, theirs = BPETokenizer.train(text, n_merges=N_MERGES), train_library(text)
    assert len(ours.encode(text)) / len(theirs.encode(text).ids) < 1.01, "both must compress alike"

    def encode_cold() -> None:
        BPETokenizer(ours.merges).encode_batch(documents)

    rows = [
        (
            f"train {N_MERGES} merges",
            best_seconds(lambda: BPETokenizer.train(text, n_merges=N_MERGES)),
            best_seconds(lambda: train_library(text)),
        ),
        ("encode, fresh tokenizer", best_seconds(encode_cold), encode_library_cold(theirs, documents)),
        (
            "encode, words seen before",
            best_seconds(lambda: ours.encode_batch(documents)),
            best_seconds(lambda: theirs.encode_batch_fast(documents)),
        ),
    ]
    n_megabytes = len(text.encode()) / 1e6
    print(f"{n_megabytes:.2f} MB of text, one thread, best of {N_RUNS} runs")
    report(rows, n_megabytes)


def encode_library_cold(tokenizer: Tokenizer, documents: list[str]) -> float:
    """Seconds for the library with an empty cache of words."""
    description = tokenizer.to_str()
    return min(best_seconds_once(Tokenizer.from_str(description).encode_batch_fast, documents) for _ in range(N_RUNS))


def best_seconds_once(encode: Callable[[list[str]], object], documents: list[str]) -> float:
    """Seconds of a single run."""
    with Stopwatch() as watch:
        encode(documents)
    return watch.seconds


if __name__ == "__main__":
    main()
