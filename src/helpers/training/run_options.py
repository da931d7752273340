"""The words that may follow `python -m helpers.training`: commands, their options, and examples.

An option that was not given is None: a run that goes on takes it from its recipe, a new one from its preset.
"""

import argparse
from collections.abc import Callable
from typing import Any

from helpers.runtime.seeds import checked_seed
from helpers.training.precision import PRECISIONS
from helpers.training.pretraining import CORPORA, PRESETS

PROGRAM = "python -m helpers.training"
SETTINGS = (
    "preset", "corpus", "text", "words", "start", "comparisons", "noise", "beta", "judge", "group_size", "kl_weight",
    "lr", "batch_size", "steps", "seed", "device", "precision", "threads",
)  # fmt: skip

TUNING_HELP = {
    "chat": "teach a model to follow instructions",
    "reward": "learn from comparisons what a labeler likes",
    "dpo": "move a chat model towards what is preferred, by comparisons alone",
    "grpo": "move a chat model towards what scores well, by its own answers",
}

EXAMPLES = f"""\
examples:
  {PROGRAM} pretrain base-1min
  {PROGRAM} sample runs/base-1min --prompt "Once upon a time"
  {PROGRAM} show runs/base-1min
  {PROGRAM} pretrain --help
"""
PRETRAIN_EXAMPLES = f"""\
presets: {", ".join(PRESETS)}
corpora: {", ".join(CORPORA)}

examples:
  {PROGRAM} pretrain base-1min
  {PROGRAM} pretrain gpt --corpus tales-zh --steps 2000 --seed 3
  {PROGRAM} pretrain llama --text my_novel.txt --set d_model=128 n_layers=4
  {PROGRAM} pretrain base-10min --minutes 3        (stops after 3 minutes and saves)
  {PROGRAM} pretrain base-10min --resume           (goes on where it stopped, to the bit)
"""
TUNE_EXAMPLES = f"""\
examples, one stage after the other:
  {PROGRAM} pretrain base
  {PROGRAM} chat --from runs/base
  {PROGRAM} reward --from runs/chat
  {PROGRAM} grpo --from runs/chat --judge runs/reward
  {PROGRAM} dpo --from runs/chat --beta 0.1
"""
SAMPLE_EXAMPLES = f"""\
examples:
  {PROGRAM} sample gpt-tales
  {PROGRAM} sample runs/base-1min --prompt "Once upon a time" --n 3 --temperature 0.8
  {PROGRAM} sample runs/chat --ask "Finish the story: Once upon a time there was a shy fox named Ida."
"""
SHOW_EXAMPLES = f"""\
examples:
  {PROGRAM} show runs/base-1min
  {PROGRAM} show runs/gpt runs/llama               (only what differs)
"""


def parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    purpose = "Train small language models, look at them, and let them write."
    top = argparse.ArgumentParser(PROGRAM, description=purpose, **with_examples(EXAMPLES))
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    add_pretrain(
        command(commands, "pretrain", "train a fresh model on tales, real text or your own", PRETRAIN_EXAMPLES)
    )
    add_tuning(commands)
    add_sample(command(commands, "sample", "let a model write", SAMPLE_EXAMPLES))
    add_show(command(commands, "show", "what a run or a checkpoint holds, or how several differ", SHOW_EXAMPLES))
    return top


def command(commands: Any, name: str, help: str, examples: str) -> argparse.ArgumentParser:
    """One more command with its examples."""
    return commands.add_parser(name, help=help, description=help, **with_examples(examples))


def with_examples(examples: str) -> dict[str, Any]:
    """Options that put the examples under the help, line by line as they are."""
    return {"epilog": examples, "formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}


def add_pretrain(options: argparse.ArgumentParser) -> None:
    """What pretrain may be told."""
    options.add_argument("preset", nargs="?", help="model, optimizer and corpus to begin from (default: base-1min)")
    source = options.add_mutually_exclusive_group()
    source.add_argument("--corpus", choices=CORPORA, help="read this instead of the preset's corpus")
    source.add_argument(
        "--text", metavar="FILE_OR_FOLDER", help="read this UTF-8 text, or all .txt and .md of a folder"
    )
    options.add_argument(
        "--set", nargs="+", dest="words", metavar="WORD=VALUE", help="words of the configuration, as d_model=128"
    )
    add_run(options)


def add_tuning(commands: Any) -> None:
    """The stages that begin from a model."""
    at_least_1, above_0 = number(int, 1), number(float, 0, is_open=True)
    for name, purpose in TUNING_HELP.items():
        options = command(commands, name, purpose, TUNE_EXAMPLES)
        options.add_argument("--from", dest="start", metavar="RUN_OR_CHECKPOINT", help="the model to begin from")
        if name in ("reward", "dpo"):
            options.add_argument("--comparisons", type=at_least_1, help="pairs of endings that the labeler orders")
            options.add_argument("--noise", type=above_0, help="of the labeler, in units of the true reward")
        if name == "dpo":
            options.add_argument("--beta", type=above_0, help="how strongly the policy is held where it began")
        if name == "grpo":
            options.add_argument(
                "--judge", metavar="truth|RUN", help="what scores answers: a run of `reward`, or truth"
            )
            options.add_argument("--group-size", type=number(int, 2), help="answers to each prompt")
            options.add_argument("--kl-weight", type=number(float, 0), help="price of a nat of distance from the start")
        add_run(options)


def add_run(options: argparse.ArgumentParser) -> None:
    """What every run may be told."""
    at_least_1, above_0 = number(int, 1), number(float, 0, is_open=True)
    options.add_argument("--out", metavar="FOLDER", help="where the run lives (default: runs/ and its name)")
    options.add_argument("--resume", action="store_true", help="go on with the run in that folder")
    options.add_argument("--steps", type=at_least_1, help="length of the whole run")
    options.add_argument("--minutes", type=above_0, default=float("inf"), help="stop after this time and save")
    options.add_argument("--lr", type=above_0, help="peak of the learning rate")
    options.add_argument("--batch-size", type=at_least_1, help="texts a step")
    options.add_argument("--seed", type=a_seed, help="decides weights and batches (default: 0)")
    options.add_argument("--device", metavar="auto|cpu|cuda", help="where to compute (default: auto)")
    options.add_argument("--precision", choices=PRECISIONS, help="of the large products (default: float32)")
    options.add_argument("--threads", type=at_least_1, help="CPU threads (default: as torch chooses)")


def add_sample(options: argparse.ArgumentParser) -> None:
    """What sample may be told."""
    options.add_argument(
        "where", metavar="RUN_OR_CHECKPOINT", help="a run's folder, or the name of a shipped checkpoint"
    )
    words = options.add_mutually_exclusive_group()
    words.add_argument("--prompt", default="", help="how each text begins (default: as the model likes)")
    words.add_argument("--ask", metavar="QUESTION", help="a message to a chat model, which then answers")
    options.add_argument("--n", type=number(int, 1), default=1, help="number of texts (default: 1)")
    options.add_argument(
        "--temperature", type=number(float, 0), default=0.8, help="0 takes the likeliest (default: 0.8)"
    )
    options.add_argument("--tokens", type=number(int, 1), default=200, help="length of a text at most (default: 200)")
    options.add_argument("--seed", type=a_seed, default=0, help="decides what is drawn (default: 0)")


def add_show(options: argparse.ArgumentParser) -> None:
    """What show may be told."""
    options.add_argument(
        "where", nargs="+", metavar="RUN_OR_CHECKPOINT", help="folders of runs, or shipped checkpoints"
    )


def number(kind: type, least: int, is_open: bool = False) -> Callable[[str], Any]:
    """What reads a finite number of at least `least`, or above it, from the command line."""
    wanted = f"{'a whole number' if kind is int else 'a number'} {'above' if is_open else 'of at least'} {least}"

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf") or (is_open and value == least):
            raise argparse.ArgumentTypeError(f"takes {wanted}, got {text!r}")
        return value

    return read


def a_seed(text: str) -> int:
    """A seed from the command line."""
    try:
        return checked_seed(int(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"takes a whole number from 0 to 2**32 - 1, got {text!r}") from error
