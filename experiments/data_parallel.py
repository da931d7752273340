"""Train a decoder on Tales in one process or in many: the same steps, and the same file to go on from.

    python experiments/data_parallel.py
    torchrun --standalone --nproc-per-node 2 experiments/data_parallel.py --parallel ddp
    torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29400 \
        experiments/data_parallel.py --parallel fsdp --precision bf16 --checkpoint SHARED/run.pt
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from gpt_recipe import LLAMA, tales_tokenizer
from torch.distributed.elastic.multiprocessing.errors import record

from helpers.corpora import tales
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import describe_device, progress, seed_everything, training_note
from helpers.tokenizers import BPETokenizer
from helpers.training import StoryBatches, adamw, load_checkpoint, muon_and_adamw, next_token_loss, train, warmup_cosine
from helpers.training.distributed import WAYS, Ranks, Shares, check_agreement, parallel, process_group, whole_loss
from helpers.training.precision import PRECISIONS
from helpers.training.sharding import save_whole

OPTIMIZERS = {"adamw": lambda model: adamw(model, lr=4e-3), "muon_and_adamw": muon_and_adamw}


def words() -> argparse.Namespace:
    """What is to be trained, and how."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parallel", choices=WAYS, default="none")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adamw")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--device", help="cpu or cuda; left out: a GPU if there is one")
    for name, default, about in SIZES:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{about} (default: {default})")
    parser.add_argument("--checkpoint", type=Path, help="saved here; a run that finds it goes on from it")
    parser.add_argument("--curve", type=Path, help="a JSON line for every step is added to this file")
    return parser.parse_args()


SIZES = (
    ("d-model", 96, "width of the model"),
    ("n-layers", 3, "its blocks"),
    ("context-length", 256, "tokens of a story"),
    ("stories", 16, "rows of a batch, over all processes"),
    ("n-steps", 100, "length of the run; the learning rate falls until there"),
    ("stop-after", 0, "stop early, after so many steps; 0 goes to the end"),
    ("save-every", 50, "steps between two checkpoints"),
    ("seed", 0, "of weights and stories"),
)


def new_model(args: argparse.Namespace, tokenizer: BPETokenizer) -> Decoder:
    """A small LLaMA, the same on every rank."""
    seed_everything(args.seed)
    sizes = {"context_length": args.context_length, "d_model": args.d_model, "n_layers": args.n_layers}
    return Decoder(DecoderConfig(vocab_size=tokenizer.vocab_size, **sizes, **LLAMA))


def recipe(args: argparse.Namespace) -> dict[str, Any]:
    """What must be the same when a run goes on; how many processes share it, and how, may change."""
    return {
        name: vars(args)[name]
        for name in ("optimizer", "n_steps", "d_model", "n_layers", "context_length", "stories", "seed")
    }


def run(args: argparse.Namespace, ranks: Ranks) -> None:
    """The run of one rank. Where ranks differ: in the rows they take, and in who reports."""
    tokenizer = tales_tokenizer()
    model = new_model(args, tokenizer).to(ranks.device)
    optimizer = OPTIMIZERS[args.optimizer](model)
    is_begun = args.checkpoint and args.checkpoint.exists()
    first = load_checkpoint(args.checkpoint, model, optimizer, recipe(args)) if is_begun else 0
    model = parallel(args.parallel, model, optimizer, ranks)
    batches = StoryBatches(
        lambda seed: tales.stories(args.stories, seed), tokenizer, args.context_length, seed=args.seed + 1
    )
    check_agreement("batches", [batches[first].inputs])
    say(ranks, f"{args.parallel}, {ranks.n_ranks} × {describe_device(ranks.device)}; from step {first}")
    last = args.stop_after or args.n_steps
    schedule = warmup_cosine(args.n_steps, args.n_steps // 10)
    steps = train(
        model, Shares(batches, ranks), whole_loss(next_token_loss), optimizer, schedule, last,
        first_step=first, precision=args.precision,
    )  # fmt: skip
    if ranks.is_first:
        steps = progress(steps, total=last - first, note=training_note)
    began, n_tokens = time.perf_counter(), 0
    for r in steps:
        n_tokens += int(r["tokens"])
        done = int(r["step"]) + 1
        log(args.curve, r, ranks)
        if args.checkpoint and (done % args.save_every == 0 or done == last):
            save_whole(args.checkpoint, model, optimizer, done, recipe(args))
            say(ranks, f"step {done}: loss {r['loss']:.4f} nats a token; saved {args.checkpoint}")
    seconds = time.perf_counter() - began
    say(
        ranks, f"{last - first} steps, {n_tokens} tokens, {n_tokens / seconds:,.0f} tokens/s over {ranks.n_ranks} ranks"
    )


def say(ranks: Ranks, line: str) -> None:
    """Print a line once, not once a rank."""
    if ranks.is_first:
        print(line, flush=True)


def log(path: Path | None, values: dict[str, Any], ranks: Ranks) -> None:
    """Add a step's record to the log."""
    if path and ranks.is_first:
        with path.open("a") as lines:
            lines.write(json.dumps({**values, "n_ranks": ranks.n_ranks}) + "\n")


@record  # torchrun then names the rank that failed first, and its error
def main() -> None:
    """Read the words, join the others, run."""
    args = words()
    with process_group(args.device) as ranks:
        run(args, ranks)


if __name__ == "__main__":
    main()
