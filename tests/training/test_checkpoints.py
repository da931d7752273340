import errno
import random
import re
import shutil
import subprocess
import sys

import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.training import (
    TextBatches,
    adamw,
    load_checkpoint,
    muon_and_adamw,
    next_token_loss,
    save_checkpoint,
    train,
    warmup_cosine,
)
from helpers.training.adam import AdamW
from helpers.training.checkpoints import read_checkpoint

SIZES = {"vocab_size": 17, "context_length": 12, "d_model": 16, "n_layers": 1, "n_heads": 2}
BATCHES = TextBatches(torch.arange(400).remainder(17), batch_size=4, context_length=12)
OPTIMIZERS = {
    "adamw": lambda model: adamw(model, 1e-2),
    "our AdamW": lambda model: AdamW(model.parameters(), 1e-2),
    "Muon and AdamW": muon_and_adamw,
}


def new_run(seed=0, optimizer="adamw", **changes):
    torch.manual_seed(seed)
    model = Decoder(DecoderConfig(**{**SIZES, **changes}))
    return model, OPTIMIZERS[optimizer](model)


def run(model, optimizer, n_steps=6, **options):
    return list(train(model, BATCHES, next_token_loss, optimizer, warmup_cosine(40, 5), n_steps, **options))


@pytest.fixture
def saved(tmp_path):
    """A checkpoint after three steps."""
    model, optimizer = new_run()
    run(model, optimizer, n_steps=3)
    save_checkpoint(tmp_path / "run.pt", model, optimizer, 3)
    return tmp_path / "run.pt"


def everything(model, optimizer):
    """A copy of all that loading could change, as bytes."""
    tensors = [*model.state_dict().values(), *(v for s in optimizer.state.values() for v in s.values())]
    return [bytes(torch.as_tensor(t).detach().numpy().tobytes()) for t in tensors], str(optimizer.state_dict())


def assert_refused(path, model, optimizer, message, **options):
    before = everything(model, optimizer)
    with pytest.raises(ValueError, match=message):
        load_checkpoint(path, model, optimizer, **options)
    assert everything(model, optimizer) == before


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resumed_run_is_bit_equal_to_one_that_never_stopped(tmp_path, optimizer):
    straight = new_run(optimizer=optimizer)
    straight_records = run(*straight, n_steps=20)
    model, moved = new_run(optimizer=optimizer)
    first = run(model, moved, n_steps=9)
    save_checkpoint(tmp_path / "run.pt", model, moved, steps_done=9)
    model, moved = new_run(seed=99, optimizer=optimizer)
    rest = run(model, moved, n_steps=20, first_step=load_checkpoint(tmp_path / "run.pt", model, moved))
    assert [(r["loss"], r["lr"]) for r in first + rest] == [(r["loss"], r["lr"]) for r in straight_records]
    assert everything(model, moved)[0] == everything(*straight)[0]


# A process of its own, with one thread, forks children and kills them; only then is a fork safe.
HARNESS = """
import builtins, os, random, select, signal, sys, time
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from helpers.training import checkpoints
from helpers.training.checkpoints import load_checkpoint, save_checkpoint
from test_checkpoints import everything, new_run, run
path, partial = {path!r}, {path!r} + ".partial"
run(*new_run(), 1)  # torch imports much of itself at the first step: once here, not in every child

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    return pid

def killed(pid):
    return os.waitpid(pid, 0)[1] == signal.SIGKILL

said, say = os.pipe()
chance = random.Random(0)

def killed_some_time_after_its_first_save(pid):
    os.read(said, 1)
    time.sleep(chance.uniform(0.0, 0.03))
    os.kill(pid, signal.SIGKILL)
    while select.select([said], [], [], 0)[0]:
        os.read(said, 1000)
    return killed(pid)
"""


def harness(tmp_path, script):
    """What a script prints that may kill its children."""
    head = HARNESS.format(tests=str(__file__).rpartition("/")[0], path=str(tmp_path / "run.pt"))
    done = subprocess.run([sys.executable, "-c", head + script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_run_killed_at_any_moment_goes_on_to_the_very_same_weights(tmp_path):
    script = """
def work():
    model, optimizer = new_run()
    done = load_checkpoint(path, model, optimizer) if os.path.exists(path) else 0
    for n_steps in range(done + 1, 61):
        run(model, optimizer, n_steps, first_step=n_steps - 1)
        save_checkpoint(path, model, optimizer, n_steps)
        os.write(say, b".")
    os.write(say, b".")
    os._exit(0)

n_killed = 0
while killed_some_time_after_its_first_save(child(work)):
    n_killed += 1
resumed, straight = new_run(seed=1), new_run()
done, records = load_checkpoint(path, *resumed), run(*straight, 60)
print(n_killed, done, len(records), everything(*resumed)[0] == everything(*straight)[0])
"""
    n_killed, done, steps, is_equal = harness(tmp_path, script)
    assert int(n_killed) >= 3
    assert (done, steps, is_equal) == ("60", "60", "True")


def test_a_save_killed_at_any_point_leaves_a_whole_file_and_nothing_that_harms(tmp_path):
    script = """
class HalfWritten:
    def __init__(self, *arguments):
        self.file = builtins.open(*arguments)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        die()

def killed_at(place, name, put):
    def work():
        setattr(place, name, put)
        save_checkpoint(path, *new_run(), 2)
    return killed(child(work))

model, optimizer = new_run()
for place, name, put in [(checkpoints, "open", HalfWritten), (os, "fsync", die), (os, "replace", die),
                         (checkpoints, "sync_folder", die)]:
    save_checkpoint(path, model, optimizer, 1)
    assert not os.path.exists(partial), "the next save takes its place"
    assert killed_at(place, name, put)
    print(load_checkpoint(path, *new_run()), os.path.getsize(partial) if os.path.exists(partial) else 0)
"""
    words = list(map(int, harness(tmp_path, script)))
    size = (tmp_path / "run.pt").stat().st_size
    assert words[::2] == [1, 1, 1, 2]  # the new one counts once it has the name
    assert words[1::2] == [size // 2, size, size, 0]


def test_saves_killed_at_random_moments_leave_a_file_that_loads(tmp_path):
    script = """
def work():
    model, optimizer = new_run()
    done = load_checkpoint(path, model, optimizer)
    while True:
        done += 1
        save_checkpoint(path, model, optimizer, done)
        os.write(say, b".")

model, optimizer = new_run()
save_checkpoint(path, model, optimizer, 0)
before, n_partial = 0, 0
for _ in range(25):
    assert killed_some_time_after_its_first_save(child(work))
    n_partial += os.path.exists(partial)
    after = load_checkpoint(path, model, optimizer)
    assert after > before
    before = after
print(after, n_partial)
"""
    saves, in_the_middle = map(int, harness(tmp_path, script))
    assert saves >= 25
    assert in_the_middle > 0


def test_a_full_disk_keeps_the_checkpoint_before_and_says_what_is_needed(saved):
    model, optimizer = new_run(seed=5)
    load_checkpoint(saved, model, optimizer)
    partial = saved.with_name("run.pt.partial")
    partial.symlink_to("/dev/full")  # a device on which every write fails as on a full disk
    size, free = saved.stat().st_size / 1e6, shutil.disk_usage(saved.parent).free / 1e6
    with pytest.raises(OSError, match="make room, or save in another folder") as caught:
        save_checkpoint(saved, model, optimizer, 4)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(saved)
    needed, is_free = map(float, re.findall(r"([\d.]+) MB are", str(caught.value)))
    assert needed == pytest.approx(size, abs=0.01)
    assert is_free == pytest.approx(free, rel=0.1)
    assert not partial.is_symlink()
    assert load_checkpoint(saved, *new_run()) == 3
    save_checkpoint(saved, model, optimizer, 4)
    assert load_checkpoint(saved, *new_run()) == 4


def test_a_folder_that_is_not_there_is_made(tmp_path):
    save_checkpoint(tmp_path / "runs" / "first" / "run.pt", *new_run(), 7)
    assert load_checkpoint(tmp_path / "runs" / "first" / "run.pt", *new_run()) == 7


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="file"):
        save_checkpoint(tmp_path / "file" / "run.pt", *new_run(), 7)


def test_a_file_cut_anywhere_is_refused(saved):
    content, chance = saved.read_bytes(), random.Random(0)
    for length in [0, 1, len(content) - 1, *(chance.randrange(len(content)) for _ in range(20))]:
        saved.write_bytes(content[:length])
        assert_refused(saved, *new_run(seed=3), "is no whole checkpoint")


def test_one_wrong_bit_is_refused_or_changes_nothing(saved):
    content, chance, n_refused = saved.read_bytes(), random.Random(0), 0
    right = new_run()
    load_checkpoint(saved, *right)
    for _ in range(60):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        saved.write_bytes(damaged)
        model, optimizer = new_run(seed=3)
        before = everything(model, optimizer)
        try:
            load_checkpoint(saved, model, optimizer)
        except ValueError:
            n_refused += 1
            assert everything(model, optimizer) == before
        else:  # the bit was in the padding between the tensors
            assert everything(model, optimizer)[0] == everything(*right)[0]
    assert n_refused > 30


def test_a_file_of_another_kind_is_refused_and_a_missing_one_is_named(tmp_path):
    (tmp_path / "text.pt").write_text("once upon a time")
    assert_refused(tmp_path / "text.pt", *new_run(), "text.pt is no whole checkpoint")
    torch.save({"model": {}}, tmp_path / "other.pt")
    assert_refused(tmp_path / "other.pt", *new_run(), r"it lacks \['optimizer', 'steps_done'\]")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_checkpoint(tmp_path / "nowhere.pt", *new_run())


def test_a_file_of_another_model_is_refused_and_says_where_they_differ(saved):
    assert_refused(saved, *new_run(vocab_size=19), r"token_embedding.weight is \(17, 16\) there and \(19, 16\) here")
    assert_refused(saved, *new_run(n_layers=2), r"blocks.1.* is missing there and .*, and \d+ more")


@pytest.mark.parametrize("other", ["our AdamW", "Muon and AdamW"])
def test_a_file_of_another_optimizer_is_refused(saved, other):
    assert_refused(saved, *new_run(seed=3, optimizer=other), "its optimizer has .* moved by .*fused.*, this one")


def test_the_same_parameters_in_another_order_are_refused(tmp_path):
    model, _ = new_run()
    optimizer = AdamW(model.parameters())
    run(model, optimizer, 2)
    save_checkpoint(tmp_path / "run.pt", model, optimizer, 2)
    assert_refused(tmp_path / "run.pt", model, AdamW(reversed(list(model.parameters()))), "come in another order")


def test_a_run_set_up_otherwise_is_refused_by_name(tmp_path):
    recipe = {"lr": 0.01, "model": {"d_model": 16, "norm": "rms_norm"}, "betas": (0.9, 0.95)}
    path = tmp_path / "run.pt"
    save_checkpoint(path, *new_run(), 5, recipe)
    assert load_checkpoint(path, *new_run()) == load_checkpoint(path, *new_run(), recipe=recipe) == 5
    other = {**recipe, "model": {"d_model": 16, "norm": "layer_norm"}, "seed": 1}
    assert_refused(
        path,
        *new_run(seed=3),
        "model.norm is rms_norm there and layer_norm here; seed is missing there and 1 here. Nothing was loaded",
        recipe=other,
    )
    assert (
        read_checkpoint(path)["recipe"]
        == '{"lr": 0.01, "model": {"d_model": 16, "norm": "rms_norm"}, "betas": [0.9, 0.95]}'
    )


def test_a_recipe_that_cannot_be_written_leaves_the_file_before(saved):
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_checkpoint(saved, *new_run(), 9, {"folder": saved})
    assert load_checkpoint(saved, *new_run()) == 3
