"""Runs without a notebook: `python -m helpers.training pretrain base-1min`.

Each command is a few settings, one stage, and a folder. An error is one sentence and exit code 2; a run that is
interrupted saves, says how to go on, and ends with 128 + the signal's number, as shells expect (Ctrl-C: 130).
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from helpers.tokenizers import BPETokenizer
from helpers.training.pretraining import PRESETS, pretraining
from helpers.training.run_folder import MODEL, RunFolder, refuse_what_is_there
from helpers.training.run_options import PROGRAM, SETTINGS, parser
from helpers.training.run_reports import facts, load_model, question_ids, recent_loss, table, written
from helpers.training.run_settings import (
    Settings,
    given_settings,
    present_device,
    refuse_differences,
    settings_of,
    versions,
)
from helpers.training.run_to_disk import Stage, train_to_disk
from helpers.training.tuning import BUILDERS, TUNING

SAVES_A_RUN = 20
NEXT = {"reward": "grpo --judge {}", "chat": "dpo --from {}"}

Builder = Callable[[Settings, torch.device, BPETokenizer | None], Stage]
STAGES: dict[str, tuple[dict[str, Settings], Builder]] = {"pretrain": (PRESETS, pretraining)} | {
    name: ({name: TUNING[name]}, build) for name, build in BUILDERS.items()
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0, 2 for an error, 130 for Ctrl-C, 143 for SIGTERM."""
    argv = sys.argv[1:] if argv is None else list(argv)
    options = parser().parse_args(argv)
    try:
        return {"sample": sample, "show": show}.get(options.command, run_stage)(options, argv)
    except KeyboardInterrupt:
        print("\nInterrupted at once; what was saved before is whole.", file=sys.stderr)
        return 130
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"error: {in_words(error)}", file=sys.stderr)
        return 2


def in_words(error: Exception) -> str:
    """An error as a sentence: the system's are terse, this package's say what helps."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)


# --- training -------------------------------------------------------------------------------------------------


def run_stage(options: argparse.Namespace, argv: Sequence[str]) -> int:
    """Begin a run, or go on with one, to its end, its limit or a signal."""
    presets, build = STAGES[options.command]
    given = given_settings({name: getattr(options, name, None) for name in SETTINGS})
    preset = given.get("preset", next(iter(presets)))
    path = Path(options.out or default_folder(preset, options))
    if options.resume:
        run = RunFolder.open(path)
        settings = agreed_settings(run, options.command, given)
        stage = build(settings, prepared_device(settings), run.tokenizer())
    else:
        refuse_what_is_there(path)
        settings = settings_of(presets, preset, given)
        stage = build(settings, prepared_device(settings), None)
        run = begun(path, stage, settings, options.command, shlex.join([*PROGRAM.split(), *argv]))
    return carried_out(stage, run, options.minutes)


def default_folder(preset: str, options: argparse.Namespace) -> Path:
    """A folder of runs, and in it one named after what is run."""
    corpus, text = getattr(options, "corpus", None), getattr(options, "text", None)
    return Path("runs") / "-".join(filter(None, [preset, corpus, Path(text).stem if text else None]))


def agreed_settings(run: RunFolder, command: str, given: Settings) -> Settings:
    """The settings of a run that is to go on; nothing may differ but the time it is given."""
    recipe = run.recipe
    if recipe["command"] != command:
        raise ValueError(f"{run.path} is a run of `{recipe['command']}`, so go on with it by that, not by `{command}`")
    refuse_differences(recipe["settings"], given)
    then, now = recipe["versions"], versions()
    changed = [f"{name} was {then[name]} and is {now[name]}" for name in now if then[name] != now[name]]
    if changed:
        print(f"note: {', '.join(changed)}, so numbers may be rounded otherwise", file=sys.stderr)
    return recipe["settings"]


def prepared_device(settings: Settings) -> torch.device:
    """The device of the settings, with as many threads as they say."""
    torch.set_num_threads(settings["threads"])
    return present_device(settings["device"])


def begun(path: Path, stage: Stage, settings: Settings, command: str, typed: str) -> RunFolder:
    """A new folder with the recipe and the tokenizer."""
    config = stage.made.config.to_dict()
    recipe = {"command": command, "typed": typed, "settings": settings, "config": config, "versions": versions()}
    run = RunFolder.create(path, recipe)
    run.write_tokenizer(stage.tokenizer)
    return run


def carried_out(stage: Stage, run: RunFolder, minutes: float) -> int:
    """Train and say what came of it; the exit code."""
    first_step = run.restore(stage.state, stage.optimizer)
    run.cut_records(first_step)
    again = f"{PROGRAM} {run.recipe['command']} --resume --out {shlex.quote(str(run.path))}"
    try:
        signal = train_to_disk(stage, run, first_step, max(1, stage.n_steps // SAVES_A_RUN), minutes)
    except (OSError, FloatingPointError) as error:
        saved = f"the first {run.steps_saved} steps are saved"
        how = f", and this goes on from there: {again}" if isinstance(error, OSError) else f" in {run.path}"
        raise OSError(f"{in_words(error)}; {saved}{how}") from error
    print(closing(stage, run, signal, again))
    return 128 + signal if signal else 0


def closing(stage: Stage, run: RunFolder, signal: int | None, again: str) -> str:
    """What came of the run, where it is, and what to type next."""
    loss = f"loss {recent_loss(run.records()):.3f} {stage.unit}".rstrip()
    so_far = f"{run.steps_saved} of {stage.n_steps} steps are done and saved in {run.path}; {loss}"
    if signal:
        return f"Interrupted: {so_far}.\nGo on:  {again}"
    if run.steps_saved < stage.n_steps:
        return f"Time is up: {so_far}; {stage.outcome()}.\nGo on:  {again}"
    where = run.path / f"{MODEL}.safetensors" if stage.can_write else run.checkpoint
    next_command = f"{PROGRAM} {NEXT.get(run.recipe['command'], 'sample {}').format(shlex.quote(str(run.path)))}"
    return f"Done: {stage.n_steps} steps; {loss}; {stage.outcome()}.\nThe model is in {where}.\nNext:   {next_command}"


# --- looking --------------------------------------------------------------------------------------------------


def sample(options: argparse.Namespace, argv: Sequence[str]) -> int:
    """Print what a model writes."""
    model, tokenizer = load_model(options.where)
    ids = question_ids(options.ask, tokenizer) if options.ask else [tokenizer.eot_id, *tokenizer.encode(options.prompt)]
    texts = written(model, tokenizer, [ids] * options.n, options.temperature, options.tokens, options.seed)
    print("\n\n".join(options.prompt + text for text in texts))
    return 0


def show(options: argparse.Namespace, argv: Sequence[str]) -> int:
    """Print what a run or a checkpoint holds, or how several differ."""
    print(table({where: facts(where) for where in options.where}))
    return 0
