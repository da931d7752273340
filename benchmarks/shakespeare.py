"""Tiny Shakespeare by characters on a CPU: how long until the validation loss of nanoGPT's published CPU recipe, 1.88?

nanoGPT's recipe, from its README: 4 layers, width 128, context 64, batch 12, 2,000 steps. Ours has the same sizes and
the words of GPT-2. To run both in one go, give the folder of a nanoGPT checkout whose data is prepared:

    python benchmarks/shakespeare.py --peer ../nanoGPT
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import torch

from helpers import evaluation, training
from helpers.corpora.real import tiny_shakespeare
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import Stopwatch, progress, seed_everything, training_note
from helpers.tokenizers import CharacterTokenizer

TARGET = 1.88
PEER = (
    "train.py config/train_shakespeare_char.py --device=cpu --compile=False --eval_iters=20 --log_interval=100 "
    "--block_size=64 --batch_size=12 --n_layer=4 --n_head=4 --n_embd=128 --max_iters=2000 --lr_decay_iters=2000 "
    "--dropout=0.0 --eval_interval=2000"
)


def ours(n_steps: int, batch_size: int, lr: float) -> tuple[float, float]:
    """Validation loss (nats a character) after training, and seconds of training."""
    seed_everything(0)
    text = tiny_shakespeare()
    tokenizer, cut = CharacterTokenizer.train(text), int(0.9 * len(text))
    train_ids, validation_ids = (torch.tensor(tokenizer.encode(part)) for part in (text[:cut], text[cut:]))
    model = Decoder(
        DecoderConfig(vocab_size=tokenizer.vocab_size, context_length=64, d_model=128, n_layers=4, n_heads=4)
    )
    batches, schedule = training.TextBatches(train_ids, batch_size, 64), training.warmup_cosine(n_steps, 50)
    optimizer = training.adamw(model, lr)
    with Stopwatch() as watch:
        steps = training.train(model, batches, training.next_token_loss, optimizer, schedule, n_steps)
        for _ in progress(steps, total=n_steps, title="helpers", note=training_note):
            pass
    windows = validation_ids[: len(validation_ids) // 65 * 65].view(-1, 65)
    nats = evaluation.row_nats(model, windows[:, :-1], windows[:, 1:], rows_at_once=256)
    return sum(nats) / windows[:, 1:].numel(), watch.seconds


def peer(folder: Path) -> tuple[float, float]:
    """The same of nanoGPT's own script, data loading and two evaluations of 20 batches included."""
    with Stopwatch() as watch:
        log = subprocess.run([sys.executable, *PEER.split()], cwd=folder, capture_output=True, text=True, check=True)
    return float(re.findall(r"val loss ([\d.]+)", log.stdout)[-1]), watch.seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch-size", type=int, default=12)
    parser.add_argument("--lr", type=float, default=3e-3)
    options = parser.parse_args()
    loss, seconds = ours(options.steps, options.batch_size, options.lr)
    print(f"helpers  validation loss {loss:.3f} (target {TARGET}) after {seconds:.1f} s, {options.steps} steps")
    if options.peer:
        peer_loss, peer_seconds = peer(options.peer)
        print(f"nanoGPT  validation loss {peer_loss:.3f} after {peer_seconds:.1f} s")
        print(f"ratio of times {seconds / peer_seconds:.2f}")
