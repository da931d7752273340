"""Byte-level BPE beside the `tokenizers` library: training and encoding, in one run on one text.

The library is Rust and spreads over all cores; it is held to one thread here, as this package uses one.
Run: python benchmarks/byte_pair_encoding.py [text files] (default: the Python manual, and Tiny Shakespeare where it is
on this machine)
"""

import os
import sys
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from side_by_side import median_seconds
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from helpers.corpora.real import has_tiny_shakespeare, python_manual, tiny_shakespeare
from helpers.tokenizers import BPETokenizer

N_MERGES = 1_000
N_RUNS = 3


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


def compare(text: str) -> None:
    """Print seconds and megabytes per second of both, for training and for encoding."""
    documents, n_megabytes = chunks(text), len(text.encode()) / 1e6
    ours, theirs = BPETokenizer.train(text, n_merges=N_MERGES), train_library(text)
    assert len(ours.encode(text)) < 1.01 * len(theirs.encode(text).ids), "both must compress alike"
    fresh_ours = iter([BPETokenizer(ours.merges) for _ in range(N_RUNS + 1)])
    fresh_theirs = iter([Tokenizer.from_str(theirs.to_str()) for _ in range(N_RUNS + 1)])
    rows = {
        f"train {N_MERGES} merges": (
            lambda: BPETokenizer.train(text, n_merges=N_MERGES),
            lambda: train_library(text),
        ),
        "encode, fresh tokenizer": (
            lambda: next(fresh_ours).encode_batch(documents),
            lambda: next(fresh_theirs).encode_batch_fast(documents),
        ),
        "encode, words seen before": (
            lambda: ours.encode_batch(documents),
            lambda: theirs.encode_batch_fast(documents),
        ),
    }
    print(f"{'':28}{'helpers':>20}{'tokenizers':>20}{'ratio of seconds':>18}")
    for name, (our_work, their_work) in rows.items():
        seconds = list(median_seconds({"helpers": our_work, "tokenizers": their_work}, N_RUNS).values())
        speeds = [f"{s:.2f} s, {n_megabytes / s:.1f} MB/s" for s in seconds]
        print(f"{name:28}{speeds[0]:>20}{speeds[1]:>20}{seconds[0] / seconds[1]:>18.2f}")


def main() -> None:
    texts = {path: Path(path).read_text(encoding="utf-8") for path in sys.argv[1:]}
    if not texts:
        texts["Python manual"] = python_manual()
        if has_tiny_shakespeare():
            texts["Tiny Shakespeare"] = tiny_shakespeare()
    for name, text in texts.items():
        print(f"{name}, {len(text.encode()) / 1e6:.2f} MB, one thread, median of {N_RUNS} runs")
        compare(text)


if __name__ == "__main__":
    main()
