"""The command line as a reader meets it: real runs of tiny models, real kills, real errors."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helpers import checkpoints
from helpers.corpora import tales
from helpers.tokenizers import BPETokenizer
from helpers.training import command_line, run_folder, run_to_disk, tuning
from helpers.training.command_line import main
from helpers.training.pretraining import PRESETS, pretraining
from helpers.training.recipes import BASE, WORDS, pretraining_run
from helpers.training.run_folder import RunFolder

SOURCE = Path(run_folder.__file__).parents[2]
TINY = ["--set", "d_model=16", "n_layers=1", "n_heads=2", "context_length=32", "--batch-size", "2", "--threads", "1"]


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path, monkeypatch):
    """Every test types its commands in an empty folder with one small text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HELPERS_PROGRESS", "off")
    Path("text.txt").write_text("The fox found the key under the old bridge. " * 60, encoding="utf-8")
    return tmp_path


def pretrain(*more, out="run", steps=20, text="text.txt"):
    return main(["pretrain", "gpt", "--text", text, "--steps", str(steps), "--out", out, *TINY, *more])


def begin(*arguments):
    """The same command line as a process of its own, with its output."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "helpers.training", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes)


def begin_long(out, steps):
    return begin("pretrain", "gpt", "--text", "text.txt", "--steps", str(steps), "--out", out, *TINY)


def wait_for_steps(process, out, n):
    """Until the run has recorded so many steps."""
    records, limit = Path(out) / "records.jsonl", time.monotonic() + 60
    while not (records.exists() and records.read_bytes().count(b"\n") >= n):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.005)


def steps_of(out):
    return [int(record["step"]) for record in RunFolder.open(Path(out)).records()]


def state(out):
    return torch.load(Path(out) / "checkpoint.pt", weights_only=True)


def assert_same_weights(one, other):
    a, b = state(one), state(other)
    assert a["steps_done"] == b["steps_done"]
    assert all(torch.equal(a["model"][name], b["model"][name]) for name in a["model"])
    assert weights_file(one) == weights_file(other)


def weights_file(out):
    model, _ = checkpoints.load_from(Path(out), "model")
    return [p.tolist() for p in model.parameters()]


def error_of(capsys, code):
    """The one sentence that an error is."""
    assert code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


# --- a run ----------------------------------------------------------------------------------------------------


def test_a_run_leaves_a_recipe_a_record_of_each_step_and_a_model_that_loads(capsys):
    assert pretrain() == 0
    assert steps_of("run") == list(range(20))
    assert json.loads(Path("run/recipe.json").read_text())["settings"]["words"]["d_model"] == 16
    model, tokenizer = checkpoints.load_from(Path("run"), "model")
    assert model.config.d_model == 16
    assert tokenizer.decode(tokenizer.encode("The fox")) == "The fox"
    said = capsys.readouterr().out
    assert "kept back" in said
    assert "python -m helpers.training sample run" in said


def test_the_recipe_makes_the_same_run_again_and_another_seed_makes_another():
    pretrain()
    recipe = json.loads(Path("run/recipe.json").read_text())
    typed = recipe["typed"].removeprefix("python -m helpers.training ").split()
    assert main([word if word != "run" else "again" for word in typed]) == 0
    assert_same_weights("run", "again")
    pretrain("--seed", "1", out="other")
    assert weights_file("other") != weights_file("run")


def test_a_run_on_tales_says_how_far_it_is_above_the_exact_floor(capsys, monkeypatch):
    code = main(["pretrain", "gpt", "--steps", "4", "--out", "run", *[w for w in TINY if "context" not in w]])
    assert code == 0
    said = capsys.readouterr().out
    gap = float(said.split("tokens a")[0].split("nats a token; ")[1].split(" ±")[0])
    # Hardly trained, it is nearly uniform on 1,029 tokens: ln(1029) = 6.9 nats a token; the floor is near 0.5 a word.
    assert 5 < gap < 8


def test_a_folder_of_texts_is_read_file_by_file():
    Path("texts").mkdir()
    for name in ("a.txt", "b.md", "c.csv"):
        Path("texts", name).write_text(f"This is {name}. " * 60)
    assert pretrain(text="texts") == 0
    _, tokenizer = checkpoints.load_from(Path("run"), "model")
    learned = {tokenizer.decode([i]) for i in range(tokenizer.vocab_size)}
    assert {"txt", "md"} <= learned
    assert "csv" not in learned


def test_a_preset_trains_exactly_what_the_recipe_of_the_book_trains():
    words = WORDS | {"d_model": 16, "n_layers": 1, "n_heads": 2}
    settings = PRESETS["base"] | {"words": words, "steps": 3, "seed": 5, "precision": "float32", "text": None}
    tokenizer = BPETokenizer.train(tales.stories(20), n_merges=50)
    stage = pretraining(settings, torch.device("cpu"), tokenizer)
    recipe = replace(BASE, words=words, n_steps=3, n_warmup=1)
    model, records = pretraining_run(recipe, tokenizer, seed=5)
    assert [r["loss"] for r in records] == [r["loss"] for r in stage.records(0)]
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), stage.made.parameters(), strict=True))


# --- going on -------------------------------------------------------------------------------------------------


def test_a_killed_run_goes_on_to_the_same_bits_and_no_step_is_missing_or_double(capsys):
    pretrain(out="whole", steps=300)
    process = begin_long("killed", 300)
    wait_for_steps(process, "killed", 100)
    process.kill()  # SIGKILL: nothing in the process hears it
    process.communicate()
    done = state("killed")["steps_done"]
    assert 0 < done < 300
    assert len(steps_of("killed")) >= done
    assert main(["pretrain", "--resume", "--out", "killed"]) == 0
    assert steps_of("killed") == list(range(300))
    assert_same_weights("killed", "whole")


def test_a_run_killed_before_its_first_save_begins_again_at_step_0():
    pretrain(out="whole")
    pretrain()
    for name in ("checkpoint.pt", "model.safetensors"):
        Path("run", name).unlink()
    assert main(["pretrain", "--resume", "--out", "run"]) == 0
    assert steps_of("run") == list(range(20))
    assert_same_weights("run", "whole")


def test_a_half_written_last_record_is_cut_off():
    pretrain("--minutes", "1e-9")
    with open("run/records.jsonl", "a") as file:
        file.write('{"step": 1, "lo')
    assert main(["pretrain", "--resume", "--out", "run"]) == 0
    assert steps_of("run") == list(range(20))


def test_ctrl_c_saves_the_step_under_way_and_says_how_to_go_on():
    process = begin_long("run", 100_000)
    wait_for_steps(process, "run", 3)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "Go on:  python -m helpers.training pretrain --resume --out run" in said
    assert state("run")["steps_done"] == len(steps_of("run"))


def test_so_does_sigterm_and_the_run_goes_on_to_the_same_bits(monkeypatch):
    pretrain(out="whole")

    def told_to_stop_in_step_6(records, *_):
        for record in records:
            if record["step"] == 6:
                os.kill(os.getpid(), signal.SIGTERM)
            yield record

    with monkeypatch.context() as patch:
        patch.setattr(run_to_disk, "shown", told_to_stop_in_step_6)
        assert pretrain() == 143
    assert steps_of("run") == list(range(7))
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert main(["pretrain", "--resume", "--out", "run"]) == 0
    assert_same_weights("run", "whole")


def test_a_time_limit_stops_and_saves_and_the_run_goes_on_to_the_same_bits(capsys):
    pretrain(out="whole")
    assert pretrain("--minutes", "1e-9") == 0
    assert "Time is up: 1 of 20 steps" in capsys.readouterr().out
    assert main(["pretrain", "--resume", "--out", "run"]) == 0
    assert_same_weights("run", "whole")


def test_a_run_that_is_there_is_never_overwritten(capsys):
    pretrain()
    before = contents("run")
    assert "add --resume" in error_of(capsys, pretrain("--seed", "1"))
    assert contents("run") == before
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("dear")
    assert "is no run" in error_of(capsys, pretrain(out="mine"))
    assert contents("mine") == {"letter.txt": b"dear"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["--lr", "0.5"], "lr was 0.008 and is now 0.5"),
        (["--seed", "4"], "seed was 0 and is now 4"),
        (["--set", "d_model=32"], "d_model was 16 and is now 32"),
        (["llama"], "preset was 'gpt' and is now 'llama'"),
        (["--corpus", "tales"], "corpus was 'text' and is now 'tales'"),
    ],
)
def test_a_run_goes_on_only_as_it_began_and_the_difference_is_named(capsys, given, named):
    pretrain("--minutes", "1e-9")
    before = contents("run")
    assert named in error_of(capsys, main(["pretrain", *given, "--resume", "--out", "run"]))
    assert contents("run") == before


def test_the_same_settings_may_be_typed_again():
    pretrain("--minutes", "1e-9")
    assert pretrain("--resume") == 0


def test_a_text_that_has_changed_since_is_refused(capsys):
    pretrain("--minutes", "1e-9")
    Path("text.txt").write_text("Another text. " * 100)
    assert "has changed since the run began" in error_of(capsys, main(["pretrain", "--resume", "--out", "run"]))


# --- what follows pre-training --------------------------------------------------------------------------------

FEW = {
    "chat": ["--batch-size", "4", "--lr", "0.01"],
    "reward": ["--comparisons", "8", "--batch-size", "4"],
    "dpo": ["--comparisons", "8", "--batch-size", "4"],
    "grpo": ["--judge", "runs/reward", "--batch-size", "2", "--group-size", "2", "--lr", "0.01"],
}


@pytest.fixture
def start():
    """A model that has hardly begun to learn, with a chat's marks and room for whole stories."""
    Path("tales.txt").write_text("\n".join(tales.stories(60)))
    words = ["d_model=16", "n_layers=1", "n_heads=2"]
    main(
        ["pretrain", "gpt", "--text", "tales.txt", "--steps", "2", "--out", "start", "--set", *words, "--threads", "1"]
    )
    return "start"


def tune(command, out, *more):
    return main([command, "--from", "start", "--steps", "3", "--threads", "1", "--out", out, *FEW[command], *more])


def test_every_stage_begins_from_a_model_and_goes_on_to_the_same_bits(capsys, monkeypatch, start):
    monkeypatch.setattr(tuning, "N_NEW", 12)
    monkeypatch.setattr(tuning, "N_UNSEEN", 5)
    for command in FEW:  # the reward model first, by which GRPO is judged
        assert tune(command, f"runs/{command}") == 0
        assert "Done: 3 steps" in capsys.readouterr().out
        assert tune(command, f"{command} in two", "--minutes", "1e-9") == 0
        assert main([command, "--resume", "--out", f"{command} in two"]) == 0
        capsys.readouterr()
        a, b = state(f"runs/{command}"), state(f"{command} in two")
        assert all(torch.equal(a["model"][name], b["model"][name]) for name in a["model"])
        assert steps_of(f"{command} in two") == [0, 1, 2]
        if command != "reward":
            assert weights_file(f"runs/{command}") != weights_file("start")
    assert main(["sample", "runs/chat", "--ask", "Finish the story: Once upon a time", "--tokens", "5"]) == 0
    assert "score" in RunFolder.open(Path("runs/grpo")).records()[0]


def test_a_stage_refuses_a_start_that_is_another_now_or_that_cannot_chat(capsys, start):
    tune("chat", "run", "--minutes", "1e-9")
    main(["pretrain", "--resume", "--out", "start"])
    model = Path("start/model.safetensors")
    model.write_bytes(model.read_bytes()[:-4] + b"\0\0\0\1")
    capsys.readouterr()
    assert "has changed since the run began" in error_of(capsys, main(["chat", "--resume", "--out", "run"]))
    assert "go on with it by that" in error_of(capsys, main(["dpo", "--resume", "--out", "run"]))
    assert "has no ids for <|system|>" in error_of(capsys, main(["chat", "--from", "gpt-tales"]))
    assert "holds no reward model" in error_of(capsys, main(["grpo", "--from", "start", "--judge", "run"]))


# --- errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pretrain", "base-2min"], "no preset is called 'base-2min': did you mean base-"),
        (["pretrain", "--text", "nowhere.txt"], "there is no file or folder"),
        (["pretrain", "--text", "empty.txt"], "the corpus is empty"),
        (["pretrain", "--text", "."], "is not UTF-8 text: byte 0xff at position 6, in line 2"),
        (["pretrain", "--text", "short.txt"], "longer than context_length=256 tokens, got 5"),
        (["pretrain", "--device", "cuda:7"], "--device cuda:7 is not there"),
        (["pretrain", "--device", "gpu"], "a device is 'cpu', 'cuda'"),
        (["pretrain", "--set", "d_modle=128"], "did you mean d_model"),
        (["pretrain", "--set", "d_model"], "--set takes words like d_model=128"),
        (["pretrain", "--set", "vocab_size=9"], "vocab_size follows from the tokenizer"),
        (["pretrain", "--set", "norm=batch"], "norm must be one of layer_norm, rms_norm, got 'batch'"),
        (["pretrain", "--set", "n_heads=5"], "got"),
        (["pretrain", "--set", "norm_eps=small"], "a value of the wrong kind"),
        (["pretrain", "--resume", "--out", "nowhere"], "nowhere holds no run"),
        (["sample", "gpt-tale"], "no run folder or checkpoint is called 'gpt-tale': did you mean gpt-tales"),
        (["show", "folder"], "folder holds no run"),
    ],
)
def test_an_error_is_one_sentence_and_leaves_nothing_behind(capsys, words, said):
    Path("empty.txt").write_text(" \n")
    Path("short.txt").write_text("abc")
    Path("folder").mkdir()
    Path("latin1.txt").write_bytes(b"first\n\xff\xfe")
    assert said in error_of(capsys, main(words))
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "words", [["--steps", "0"], ["--lr", "-1"], ["--seed", "x"], ["--minutes", "inf"], ["--step", "3"]]
)
def test_a_number_that_cannot_be_is_refused_by_its_option(capsys, words):
    with pytest.raises(SystemExit) as ended:
        main(["pretrain", *words])
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"not a checkpoint", lambda whole: b""]
)
def test_a_damaged_checkpoint_is_named_and_left_where_it_is(capsys, damage):
    pretrain("--minutes", "1e-9")
    path = Path("run/checkpoint.pt")
    path.write_bytes(damage(path.read_bytes()))
    before = contents("run")
    assert "run/checkpoint.pt is no whole checkpoint" in error_of(
        capsys, main(["pretrain", "--resume", "--out", "run"])
    )
    assert contents("run") == before


def test_a_damaged_model_is_named(capsys):
    pretrain()
    path = Path("run/model.safetensors")
    path.write_bytes(path.read_bytes()[:1000])
    assert "run/model.safetensors is damaged" in error_of(capsys, main(["sample", "run"]))


def test_a_full_disk_keeps_the_checkpoint_before_and_the_run_goes_on_when_there_is_room(capsys, monkeypatch):
    pretrain(out="whole")
    save = run_folder.save_checkpoint

    def save_while_there_is_room(path, model, optimizer, steps_done, recipe):
        if steps_done > 7:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        save(path, model, optimizer, steps_done, recipe)

    monkeypatch.setattr(run_folder, "save_checkpoint", save_while_there_is_room)
    said = error_of(capsys, pretrain())
    assert "run/checkpoint.pt: No space left on device; the first 7 steps are saved" in said
    assert state("run")["steps_done"] == 7
    monkeypatch.setattr(run_folder, "save_checkpoint", save)
    assert main(["pretrain", "--resume", "--out", "run"]) == 0
    assert steps_of("run") == list(range(20))
    assert_same_weights("run", "whole")


def test_a_file_that_the_system_lets_grow_no_further_is_an_error_in_words_too(capsys):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # bytes; the checkpoint takes more than that
    try:
        code = pretrain()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "run/checkpoint.pt: File too large" in error_of(capsys, code)
    assert not Path("run/checkpoint.pt").exists()


def test_a_folder_one_may_not_write_to_is_named(capsys, monkeypatch):
    def forbidden(self, *args, **options):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    assert "run: Permission denied" in error_of(capsys, pretrain())


def test_a_loss_that_is_no_number_says_what_is_saved(capsys, monkeypatch):
    def breaks(stage, run, *rest):
        raise FloatingPointError("the loss is nan at step 9: try a lower learning rate")

    monkeypatch.setattr(command_line, "train_to_disk", breaks)
    assert "try a lower learning rate; the first 0 steps are saved" in error_of(capsys, pretrain())


# --- looking --------------------------------------------------------------------------------------------------


def test_sample_writes_n_texts_that_begin_with_the_prompt_the_same_for_the_same_seed(capsys):
    pretrain(steps=60)
    said = []
    for seed in ("1", "1", "2"):
        capsys.readouterr()
        assert main(["sample", "run", "--prompt", "The fox", "--n", "3", "--tokens", "12", "--seed", seed]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]
    assert said[0].count("The fox") >= 3


def test_show_tells_how_far_a_run_is_and_of_two_only_what_differs(capsys):
    pretrain("--minutes", "1e-9")
    pretrain("--lr", "0.5", out="other", steps=3)
    capsys.readouterr()
    main(["show", "run"])
    assert "1 of 20" in capsys.readouterr().out
    main(["show", "run", "other"])
    rows = {line.split("  ")[0]: line.split()[-2:] for line in capsys.readouterr().out.splitlines()}
    assert rows["lr"] == ["0.008", "0.5"]
    assert "d_model" not in rows


def test_show_reads_a_shipped_checkpoint(capsys):
    assert main(["show", "gpt-tales"]) == 0
    assert "d_model" in capsys.readouterr().out


def test_where_nobody_watches_a_line_comes_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(run_to_disk, "SECONDS_BETWEEN_LINES", 0.0)
    pretrain(steps=3)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"step {n} of 3" for n in (1, 2, 3)]
    assert "tokens/s" in lines[0]


def test_help_shows_commands_to_type(capsys):
    for words in (["--help"], *([command, "--help"] for command in ("pretrain", "sample", "show", *FEW))):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        assert "  python -m helpers.training " in capsys.readouterr().out
