"""Real processes that talk over gloo. Run by torchrun, this file is what those processes do."""

import json
import os
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from helpers.models import Decoder, DecoderConfig
from helpers.training import Batch, adamw, load_checkpoint, muon_and_adamw, next_token_loss, save_checkpoint, train
from helpers.training.batches import IGNORE, batch_chance
from helpers.training.distributed import Ranks, Shares, check_agreement, parallel, process_group, whole_loss
from helpers.training.sharding import save_whole

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
SCRIPT = EXPERIMENTS / "data_parallel.py"
# No biases: a key's bias changes no softmax, so its gradient is mere rounding, which AdamW would make a whole step of.
CONFIG = DecoderConfig(
    vocab_size=17, context_length=12, d_model=16, n_layers=2, n_heads=2, norm="rms_norm", positions="rope",
    mlp="swiglu", d_ff=24, bias=False,
)  # fmt: skip
OPTIMIZERS = {
    "adamw": lambda model: adamw(model, lr=1e-2),
    "muon_and_adamw": muon_and_adamw,
    # AdamW forgives a gradient that is everywhere too large by one factor; this one does not.
    "sgd": lambda model: torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9),
}
WAYS = ("ddp", "fsdp")
RUNS = [(way, optimizer) for way in WAYS for optimizer in OPTIMIZERS]
N_STEPS, BREAK, NOTHING_ASKED, DEAD = 8, 4, 2, 33
CLIP = 0.7  # below the gradient's norm, so that every step is clipped


class UnevenBatches:
    """Two short rows and two long ones; in one batch the long ones, a whole rank's, ask for nothing."""

    def __getitem__(self, step):
        chance = batch_chance(0, step)
        ids = torch.randint(17, (4, 13), generator=chance)
        lengths = torch.randint(1, 5, (4,), generator=chance) + torch.tensor([0, 0, 8, 8])
        if step == NOTHING_ASKED:
            lengths[2:] = 0
        return Batch(ids[:, :-1], ids[:, 1:].masked_fill(torch.arange(12) >= lengths[:, None], IGNORE))


def new_run(optimizer, seed=0, dtype=torch.float32):
    torch.manual_seed(seed)
    model = Decoder(CONFIG).to(dtype)
    return model, OPTIMIZERS[optimizer](model)


def steps_of(model, optimizer, batches=None, loss=next_token_loss, first=0, last=N_STEPS, **options):
    batches = batches or UnevenBatches()
    records = train(
        model, batches, loss, optimizer, lambda step: 1.0, last, first_step=first, max_grad_norm=CLIP, **options
    )
    return [{key: r[key] for key in ("step", "loss", "grad_norm", "tokens")} for r in records]


# What each of the processes does.


def parallel_run(ranks, way, name, folder, **options):
    """Break off in the middle and save, go on to the end and save."""
    model, optimizer = new_run(name)
    model = parallel(way, model, optimizer, ranks)
    given = {"batches": Shares(UnevenBatches(), ranks), "loss": whole_loss(next_token_loss), **options}
    records = steps_of(model, optimizer, last=BREAK, **given)
    save_whole(folder / f"{way}_{name}_{BREAK}.pt", model, optimizer, BREAK)
    records += steps_of(model, optimizer, first=BREAK, **given)
    save_whole(folder / f"{way}_{name}_{N_STEPS}.pt", model, optimizer, N_STEPS)
    return records


def resumed_run(ranks, way, name, folder):
    """Go on from what one process saved; before that, save at once what was loaded."""
    model, optimizer = new_run(name, seed=1)
    first = load_checkpoint(folder / f"one_{name}_{BREAK}.pt", model, optimizer)
    model = parallel(way, model, optimizer, ranks)
    save_whole(folder / f"back_{way}_{name}.pt", model, optimizer, first)
    return steps_of(model, optimizer, Shares(UnevenBatches(), ranks), whole_loss(next_token_loss), first)


def complaint(call, *args):
    """What an error says; all processes go on."""
    try:
        call(*args)
    except (ValueError, FloatingPointError) as error:
        return str(error)
    return "nothing"


def exact_run(ranks, way):
    """The same steps in float64, where rounding is a billion times smaller."""
    model, optimizer = new_run("adamw", dtype=torch.float64)
    model = parallel(way, model, optimizer, ranks)
    return steps_of(model, optimizer, Shares(UnevenBatches(), ranks), whole_loss(next_token_loss))


def n_held(ranks, way):
    """How many numbers this process holds after a step: parameters, their gradients, and what AdamW remembers."""
    model, optimizer = new_run("adamw")
    model = parallel(way, model, optimizer, ranks)
    steps_of(model, optimizer, Shares(UnevenBatches(), ranks), whole_loss(next_token_loss), last=1)
    parameters = list(model.parameters())
    memory = [value for state in optimizer.state.values() for value in state.values() if value.ndim]
    kinds = (parameters, [parameter.grad for parameter in parameters], memory)
    return [sum(tensor.to_local().numel() if way == "fsdp" else tensor.numel() for tensor in kind) for kind in kinds]


def unequal_seeds(ranks):
    model, optimizer = new_run("adamw", seed=ranks.rank)
    parallel("fsdp", model, optimizer, ranks)


def nan_on_one_rank(ranks):
    def loss(model, batch):
        return next_token_loss(model, batch) * (float("nan") if ranks.rank else 1.0)

    model, optimizer = new_run("adamw")
    steps_of(parallel("ddp", model, optimizer, ranks), optimizer, Shares(UnevenBatches(), ranks), whole_loss(loss))


def all_runs(folder):
    """Every run of this file, in one pair of processes: starting them takes longer than training. Then one dies."""
    with process_group("cpu", timeout_s=60) as ranks:
        said = {
            "runs": {f"{way} {name}": parallel_run(ranks, way, name, folder) for way, name in RUNS},
            "resumed": {f"{way} {name}": resumed_run(ranks, way, name, folder) for way, name in RUNS},
            "bf16": {way: parallel_run(ranks, way, "sgd", folder / "bf16", precision="bf16") for way in WAYS},
            "exact": {way: exact_run(ranks, way) for way in WAYS},
            "held": {way: n_held(ranks, way) for way in WAYS},
            "alone": complaint(parallel, "none", *new_run("adamw"), ranks),
            "seeds": complaint(unequal_seeds, ranks),
            "batches": complaint(check_agreement, "batches", [torch.tensor([ranks.rank])]),
            "nan": complaint(nan_on_one_rank, ranks),
        }
        (folder / f"rank{ranks.rank}.json").write_text(json.dumps(said))
        trouble(ranks, lambda: os._exit(DEAD))


def stall(_):
    """The second of two processes falls asleep in the middle of a run."""
    with process_group("cpu", timeout_s=12) as ranks:
        trouble(ranks, lambda: time.sleep(600))


def trouble(ranks, happen):
    """Something happens to the second process in the middle of a run."""

    def loss(model, batch):
        if ranks.rank == 1:
            happen()
        return next_token_loss(model, batch)

    model, optimizer = new_run("adamw")
    steps_of(parallel("ddp", model, optimizer, ranks), optimizer, Shares(UnevenBatches(), ranks), whole_loss(loss))


# The tests.


def torchrun(*words):
    """Two processes on this machine, on a port that is free."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *map(str, words)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end_of(processes):
    """What they said; none of them may outlive two minutes."""
    try:
        return processes.communicate(timeout=120)
    finally:
        processes.terminate()  # torchrun ends those that it started


@pytest.fixture(scope="module")
def stalled():
    """A run that stalls, started early: it mostly waits."""
    return torchrun(__file__, "stall", "")


@pytest.fixture(scope="module")
def ended(tmp_path_factory, stalled):
    """The folder with records and checkpoints of one process, which knows nothing of others, and of two; how those
    two ended, and what they said."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "bf16").mkdir()
    straight = {}
    for name in OPTIMIZERS:
        model, optimizer = new_run(name)
        straight[name] = steps_of(model, optimizer, last=BREAK)
        save_checkpoint(folder / f"one_{name}_{BREAK}.pt", model, optimizer, BREAK)
        straight[name] += steps_of(model, optimizer, first=BREAK)
        save_checkpoint(folder / f"one_{name}_{N_STEPS}.pt", model, optimizer, N_STEPS)
    (folder / "one.json").write_text(json.dumps(straight))
    together = torchrun(__file__, "all_runs", folder)
    _, errors = end_of(together)
    return folder, together.returncode, errors


@pytest.fixture(scope="module")
def folder(ended):
    folder, _, errors = ended
    assert (folder / "rank1.json").exists(), errors
    return folder


def said_by(folder, rank=0):
    return json.loads((folder / f"rank{rank}.json").read_text())


def weights(path):
    return torch.load(path, weights_only=True)["model"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_processes_make_the_steps_of_one(folder, way, name):
    alone, together = json.loads((folder / "one.json").read_text())[name], said_by(folder)["runs"][f"{way} {name}"]
    assert [r["tokens"] for r in together] == [r["tokens"] for r in alone]
    for column in ("loss", "grad_norm"):
        assert_close(torch.tensor([r[column] for r in together]), torch.tensor([r[column] for r in alone]))
    assert min(r["grad_norm"] for r in alone) > CLIP
    end = f"{name}_{N_STEPS}.pt"
    assert_close(weights(folder / f"{way}_{end}"), weights(folder / f"one_{end}"))


@pytest.mark.parametrize("way", WAYS)
def test_nothing_but_rounding_is_left_between_them(folder, way):
    alone, together = steps_of(*new_run("adamw", dtype=torch.float64)), said_by(folder)["exact"][way]
    gaps = [
        abs(a[column] - b[column]) for a, b in zip(alone, together, strict=True) for column in ("loss", "grad_norm")
    ]
    assert max(gaps) < 1e-12


def test_all_ranks_know_the_same_loss(folder):
    assert said_by(folder, 0)["runs"] == said_by(folder, 1)["runs"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_process_goes_on_where_two_stopped(folder, way, name):
    model, optimizer = new_run(name, seed=1)
    path = folder / f"{way}_{name}_{BREAK}.pt"
    assert load_checkpoint(path, model, optimizer) == BREAK
    assert_close(model.state_dict(), weights(path), rtol=0, atol=0)
    records = steps_of(model, optimizer, first=BREAK)
    unbroken = said_by(folder)["runs"][f"{way} {name}"]
    assert_close([r["loss"] for r in records], [r["loss"] for r in unbroken[BREAK:]], rtol=1.3e-6, atol=1e-5)
    assert_close(model.state_dict(), weights(folder / f"{way}_{name}_{N_STEPS}.pt"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_processes_go_on_where_one_stopped(folder, way, name):
    saved = torch.load(folder / f"one_{name}_{BREAK}.pt", weights_only=True)
    back = torch.load(folder / f"back_{way}_{name}.pt", weights_only=True)
    assert back.pop("recipe") == saved.pop("recipe")
    assert_close(back, saved, rtol=0, atol=0)  # loaded, spread over two, gathered, saved: not a bit changed
    unbroken = json.loads((folder / "one.json").read_text())[name]
    losses = [r["loss"] for r in said_by(folder)["resumed"][f"{way} {name}"]]
    assert_close(losses, [r["loss"] for r in unbroken[BREAK:]], rtol=1.3e-6, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_in_bfloat16_the_run_stays_near_and_is_not_the_same(folder, way):
    exact = torch.tensor([r["loss"] for r in said_by(folder)["runs"][f"{way} sgd"]])
    rounded = torch.tensor([r["loss"] for r in said_by(folder)["bf16"][way]])
    assert 0 < (exact - rounded).abs().max() < 0.05


def test_ddp_holds_all_on_every_rank_and_fsdp_holds_it_once(folder):
    n = new_run("adamw")[0].n_parameters
    first, second = (said_by(folder, rank)["held"] for rank in (0, 1))
    assert first["ddp"] == second["ddp"] == [n, n, 2 * n]
    assert [a + b for a, b in zip(first["fsdp"], second["fsdp"], strict=True)] == [n, n, 2 * n]
    assert first["fsdp"][0] < 0.6 * n  # 17 rows of the embedding cannot be halved


@pytest.mark.parametrize("rank", [0, 1])
def test_what_would_train_a_wrong_model_is_an_error_on_every_rank(folder, rank):
    said = said_by(folder, rank)
    assert said["alone"] == "'none' is for one process, and 2 were started: say 'ddp' or 'fsdp'"
    assert "the same weights, got others on [1] than on rank 0: give every rank the same seed" in said["seeds"]
    assert "the same batches, got others on [1]" in said["batches"]
    assert "the loss is nan at step 0" in said["nan"]


@pytest.mark.parametrize("n_ranks", [1, 2, 4])
def test_the_shares_of_a_batch_make_up_the_batch(n_ranks):
    model, _ = new_run("sgd")
    for step in range(4):
        batch = UnevenBatches()[step]
        shares = [Shares(UnevenBatches(), Ranks(rank, n_ranks, torch.device("cpu")))[step] for rank in range(n_ranks)]
        parts = [next_token_loss(model, share.rows) * share.weight for share in shares]
        assert_close(sum(parts), next_token_loss(model, batch))
        assert {share.n_tokens for share in shares} == {batch.n_tokens}


def test_a_mean_of_the_ranks_means_would_be_another_loss():
    model, _ = new_run("sgd")
    shares = [Shares(UnevenBatches(), Ranks(rank, 2, torch.device("cpu")))[0] for rank in range(2)]
    mean_of_means = sum(next_token_loss(model, share.rows) for share in shares) / 2
    assert abs(mean_of_means - next_token_loss(model, UnevenBatches()[0])) > 1e-3


def test_a_batch_that_does_not_divide_says_which_would():
    with pytest.raises(ValueError, match="got 4 rows for 3 ranks; take a multiple of 3"):
        Shares(UnevenBatches(), Ranks(0, 3, torch.device("cpu")))[0]


def test_an_unknown_way_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="one of 'none', 'ddp', 'fsdp', got 'dp'"):
        parallel("dp", *new_run("sgd"), Ranks(0, 1, torch.device("cpu")))


def test_a_missing_backend_is_named(monkeypatch):
    monkeypatch.setattr("torch.distributed.is_backend_available", lambda backend: backend != "gloo")
    with pytest.raises(RuntimeError, match=r"talk through gloo, and torch .* here lacks it"), process_group("cpu"):
        pass


def test_a_process_without_a_gpu_of_its_own_says_how_many_there_are(monkeypatch):
    monkeypatch.setattr("helpers.training.distributed.best_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(RuntimeError, match="this node has 1, and this is process 1, counted from 0"), process_group():
        pass


def test_one_dead_process_ends_the_run(ended):
    _, status, errors = ended
    assert status > 0
    assert f"exitcode  : {DEAD}" in errors


def test_one_stalled_process_ends_the_run_and_the_error_says_how_to_go_on(stalled):
    _, errors = end_of(stalled)
    assert stalled.returncode > 0
    assert "rank 0 of 2 lost touch with the others" in errors
    assert "the run goes on from its last checkpoint" in errors


TINY = ("--device=cpu", "--d-model=16", "--n-layers=1", "--context-length=200", "--stories=4", "--n-steps=6")


def script_alone(monkeypatch, *words):
    """The script without torchrun, in this process."""
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *TINY, *map(str, words)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def test_the_script_goes_on_in_two_processes_as_if_it_had_stayed_in_one(tmp_path, monkeypatch, capfd):
    script_alone(monkeypatch, "--curve", tmp_path / "one.jsonl")
    assert "over 1 ranks" in capfd.readouterr().out
    broken = ["--curve", tmp_path / "two.jsonl", "--checkpoint", tmp_path / "run.pt"]
    script_alone(monkeypatch, *broken, "--parallel", "fsdp", "--stop-after", 3)
    together = torchrun(SCRIPT, *TINY, *broken, "--parallel", "fsdp")
    said, errors = end_of(together)
    assert together.returncode == 0, errors
    assert said.count("from step 3") == 1, "one rank speaks for all"
    assert "over 2 ranks" in said
    one, two = ([json.loads(r) for r in (tmp_path / f"{n}.jsonl").read_text().splitlines()] for n in ("one", "two"))
    assert [(r["step"], r["n_ranks"]) for r in two] == [(step, 1 + (step > 2)) for step in range(6)]
    assert_close([r["loss"] for r in two], [r["loss"] for r in one], rtol=1.3e-6, atol=1e-5)


if __name__ == "__main__":
    {"all_runs": all_runs, "stall": stall}[sys.argv[1]](Path(sys.argv[2]))
