import sys

import pytest

from helpers.runtime import run_limited

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource limits")


def test_what_a_program_prints_comes_back():
    assert run_limited("print(6 * 7)") == ("42\n", "", False)


def test_what_goes_wrong_comes_back_as_one_line():
    run = run_limited("print('so far')\n1 / 0")
    assert (run.output, run.error) == ("so far\n", "ZeroDivisionError: division by zero")
    assert run_limited("import sys; sys.exit(3)").error == "ended with 3"


def test_an_endless_loop_is_stopped_by_the_clock():
    run = run_limited("while True: pass", seconds=0.3)
    assert run.timed_out
    assert "0.3 s" in run.error


@needs_limits
def test_memory_without_end_is_refused():
    assert run_limited("x = bytearray(10**9)").error == "MemoryError"
    assert run_limited("x = bytearray(10**7); print('fits')").output == "fits\n"


@needs_limits
def test_a_file_cannot_grow_and_nothing_stays(tmp_path):
    target = tmp_path / "left.txt"
    run = run_limited(f"with open({str(target)!r}, 'w') as f: f.write('x')")
    assert "File too large" in run.error
    assert not target.exists() or target.read_text() == ""


def test_a_program_sees_no_environment_and_no_package(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert run_limited("import os; print(os.environ.get('OPENAI_API_KEY'))").output == "None\n"
    assert "No module named 'torch'" in run_limited("import torch").error
