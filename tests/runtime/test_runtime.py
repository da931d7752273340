import doctest
import io
import random
import re
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn

from helpers import runtime
from helpers.runtime import (
    Stopwatch,
    best_device,
    counts,
    describe_device,
    footer,
    generator,
    human_bytes,
    human_count,
    n_bytes,
    n_parameters,
    peak_memory_bytes,
    progress,
    seed_everything,
    seeds,
    timing,
)

progress_file = sys.modules["helpers.runtime.progress"]


@pytest.mark.parametrize("module", [counts, timing, progress_file])
def test_the_examples_in_the_docstrings_are_true(module):
    result = doctest.testmod(module)
    assert (result.failed, result.attempted > 0) == (0, True)


def test_exports_match_all():
    assert sorted(runtime.__all__) == sorted(set(runtime.__all__))
    assert all(hasattr(runtime, name) for name in runtime.__all__)


class TestDevice:
    def test_cuda_is_chosen_by_itself_and_mps_is_not(self, monkeypatch):
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        assert best_device() == torch.device("cpu")
        assert best_device("mps") == torch.device("mps")
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        assert best_device() == torch.device("cuda")
        assert best_device("cpu") == torch.device("cpu")

    @pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "", "CPU"])
    def test_a_name_that_is_no_device_is_refused(self, name):
        with pytest.raises(ValueError, match=f"'cuda:1' or 'mps', got '{name}'"):
            best_device(name)

    def test_a_device_that_is_absent_is_refused(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        assert best_device("cuda:0") == torch.device("cuda:0")
        with pytest.raises(RuntimeError, match=r"'cuda:1', which torch .* does not see"):
            best_device("cuda:1")

    def test_the_cpu_is_described_with_its_threads(self):
        assert describe_device("cpu") == f"cpu, {torch.get_num_threads()} thread" + "s" * (torch.get_num_threads() != 1)


class TestSeeds:
    def test_the_same_seed_draws_the_same_numbers_and_another_does_not(self):
        first, again, other = (torch.rand(5, generator=generator(seed)) for seed in (3, 3, 4))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)

    def test_a_generator_leaves_the_global_stream_alone(self):
        torch.manual_seed(0)
        expected = torch.rand(3)
        torch.manual_seed(0)
        torch.rand(3, generator=generator(9))
        assert torch.equal(torch.rand(3), expected)

    def test_seeding_everything_repeats_all_three_streams(self):
        def draw():
            seed_everything(5)
            return random.random(), np.random.rand(), torch.rand(1).item()

        assert draw() == draw()

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_a_seed_that_numpy_cannot_take_is_refused(self, seed):
        with pytest.raises(ValueError, match=f"got {seed}"):
            seed_everything(seed)
        with pytest.raises(ValueError, match=f"got {seed}"):
            seeds.generator(seed)


class TestStopwatch:
    def test_it_runs_inside_the_block_and_stands_still_after_it(self):
        with Stopwatch() as watch:
            time.sleep(0.02)
            early = watch.seconds
            time.sleep(0.02)
        stopped = watch.seconds
        time.sleep(0.01)
        assert 0.015 < early < stopped
        assert watch.seconds == stopped

    def test_it_runs_from_the_moment_it_is_made(self):
        watch = Stopwatch()
        time.sleep(0.02)
        assert watch.seconds > 0.015

    def test_it_waits_for_cuda(self, monkeypatch):
        waits = []
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.cuda, "synchronize", lambda: waits.append(1))
        with Stopwatch():
            pass
        assert len(waits) >= 2


class TestCounts:
    def test_shared_weights_count_once(self):
        embedding, head = nn.Embedding(10, 4), nn.Linear(4, 10, bias=False)
        assert n_parameters(nn.ModuleList([embedding, head])) == 80
        head.weight = embedding.weight
        assert n_parameters(nn.ModuleList([embedding, head])) == 40

    def test_bytes_follow_the_number_format_and_include_buffers(self):
        module = nn.Linear(3, 2)
        module.register_buffer("mask", torch.ones(5, dtype=torch.bool))
        assert n_bytes(module) == (6 + 2) * 4 + 5
        assert n_bytes(module.half()) == (6 + 2) * 2 + 5

    def test_a_model_on_the_meta_device_is_counted_too(self):
        assert n_parameters(nn.Linear(10_000, 10_000, bias=False, device="meta")) == 10**8

    @pytest.mark.parametrize(
        ("n", "words"),
        [(0, "0"), (999, "999"), (1_000, "1.0K"), (999_949, "999.9K"), (999_951, "1.0M"), (6_738_415_616, "6.7B"),
         (1_800_000_000_000, "1.8T"), (5 * 10**15, "5000.0T"), (-1500, "-1.5K")],
    )  # fmt: skip
    def test_counts_are_said_with_one_decimal(self, n, words):
        assert human_count(n) == words

    @pytest.mark.parametrize(
        ("n", "words"), [(1023, "1023 B"), (1024, "1.0 KiB"), (2**20 - 1, "1.0 MiB"), (13 * 2**30, "13.0 GiB")]
    )
    def test_bytes_are_said_in_binary_units(self, n, words):
        assert human_bytes(n) == words


class TestProgress:
    def test_items_pass_unchanged_and_the_bar_shows_the_note(self):
        stream = io.StringIO()
        seen = []
        for item in progress([3, 4], title="steps", note=lambda item: f"item {item}", stream=stream):
            seen.append(item)
            time.sleep(0.15)  # the bar is drawn at most ten times a second
        assert seen == [3, 4]
        assert "steps" in stream.getvalue()
        assert "2/2" in stream.getvalue()
        assert "item 4" in stream.getvalue()

    def test_the_line_is_gone_at_the_end(self):
        stream = io.StringIO()
        list(progress(iter(range(3)), total=3, title="steps", stream=stream))
        assert stream.getvalue().split("\r")[-2].strip() == ""
        assert "\n" not in stream.getvalue()

    def test_a_loop_that_is_left_early_takes_its_line_away(self):
        stream = io.StringIO()
        for item in progress(range(10), stream=stream):
            if item == 2:
                break
        assert stream.getvalue().split("\r")[-2].strip() == ""

    def test_nothing_is_written_where_stderr_is_no_terminal(self, monkeypatch, capsys):
        monkeypatch.delenv("CI", raising=False)
        assert list(progress(range(3))) == [0, 1, 2]
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize(("variable", "value"), [("HELPERS_PROGRESS", "off"), ("CI", "true")])
    def test_the_environment_can_silence_a_terminal(self, monkeypatch, variable, value):
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.delenv("HELPERS_PROGRESS", raising=False)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        assert progress_file.watched_stream() is sys.stderr
        monkeypatch.setenv(variable, value)
        assert progress_file.watched_stream() is None

    def test_a_notebook_gets_one_display_that_ends_empty(self, monkeypatch):
        shown = []

        class Handle:
            def update(self, data, raw):
                shown.append(("update", data["text/plain"]))

        def display(data, raw, display_id):
            shown.append(("display", data["text/plain"]))
            return Handle()

        monkeypatch.delenv("CI", raising=False)
        monkeypatch.delenv("HELPERS_PROGRESS", raising=False)
        monkeypatch.setattr(progress_file, "in_notebook", lambda: True)
        monkeypatch.setattr("IPython.display.display", display)
        list(progress(range(5), title="steps"))
        assert [kind for kind, _ in shown].count("display") == 1
        assert shown[0][1].startswith("steps")
        assert shown[-1] == ("update", "")


def test_the_footer_says_versions_seed_device_and_seconds():
    with Stopwatch() as watch:
        pass
    parts = footer(seed=7, device=torch.device("cpu"), stopwatch=watch).split(" · ")
    assert parts[0].startswith("helpers ")
    assert parts[1].startswith("torch ")
    assert parts[2] == f"Python {sys.version_info.major}.{sys.version_info.minor}"
    assert parts[3:6] == ["seed 7", describe_device("cpu"), "0 s"]
    assert re.fullmatch(r"at most [\d.]+ [MG]iB", parts[6])


def test_the_peak_of_memory_grows_with_what_is_held_and_stays_when_it_is_freed():
    before = peak_memory_bytes()
    held = torch.ones(before // 4 + 50_000_000)  # as many bytes as the peak, and 200 MB more
    after = peak_memory_bytes()
    assert held.nbytes < after < before + held.nbytes + 100_000_000
    del held
    assert peak_memory_bytes() >= after


def test_a_footer_leaves_memory_out_where_the_system_does_not_tell(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory_bytes() is None
    assert "at most" not in footer(seed=7, device="cpu", stopwatch=Stopwatch())
