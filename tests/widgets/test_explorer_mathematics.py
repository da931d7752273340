"""The JavaScript of the sampling explorer computes what helpers.sampling computes."""

import json
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
import torch

from helpers.sampling import next_token_probs
from helpers.widgets.sampling_explorer import STATIC

# A module from standard input may import the widget's file by its address.
PROGRAM = """
import * as explorer from %s;
const questions = JSON.parse(process.argv[1]);
const answers = questions.map(([name, ...given]) => explorer[name](...given));
console.log(JSON.stringify(answers));
"""

LOGITS = torch.randn(40, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) * 2
SETTINGS = [
    (1.0, 0, 1.0),
    (0.35, 0, 1.0),
    (2.5, 0, 1.0),
    (0.0, 0, 1.0),
    (1.0, 1, 1.0),
    (1.0, 7, 1.0),
    (1.0, 400, 1.0),
    (1.0, 0, 0.9),
    (1.0, 0, 0.05),
    (0.7, 10, 0.8),
    (1.8, 20, 0.95),
]


def ask(*questions: list) -> list[Any]:
    """The answers of the widget's own functions."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("Node.js is needed to run the widget's JavaScript: see `make book`", pytrace=False)
    module = json.dumps((STATIC / "sampling_explorer.js").as_uri())
    command = [node, "--experimental-default-type=module", "--input-type=module", "-e", PROGRAM % module]
    done = subprocess.run([*command, "--", json.dumps(questions)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def reference(t: float, k: int, p: float) -> torch.Tensor:
    return next_token_probs(LOGITS, t, k or None, p)


def test_filtered_probabilities_equal_those_of_the_library_for_every_setting():
    logits = LOGITS.tolist()
    settings = [{"temperature": t, "top_k": k, "top_p": p} for t, k, p in SETTINGS]
    answers = ask(*[["filtered", logits, setting] for setting in settings])
    for setting, answer in zip(SETTINGS, answers, strict=True):
        assert answer == pytest.approx(reference(*setting).tolist(), abs=1e-12), setting
    kept = [sum(p > 0 for p in answer) for answer in answers]
    assert len(set(kept)) > 5  # the settings do cut different numbers of tokens


def test_tokens_that_tie_for_the_last_place_all_stay():
    setting = {"temperature": 1, "top_k": 2, "top_p": 1}
    assert ask(["filtered", [2.0, 1.0, 1.0, 0.0], setting])[0][1:3] == pytest.approx([0.2119416, 0.2119416])


def test_entropy_is_in_nats_and_a_sure_token_has_none():
    answers = ask(["entropy", [0.25] * 4], ["entropy", [1.0, 0.0]], ["entropy", [0.5, 0.25, 0.25]])
    assert answers == pytest.approx([np.log(4), 0.0, 1.5 * np.log(2)])


def test_draws_depend_on_the_seed_alone():
    first, again, other = ask(*[["uniform", seed, 5] for seed in (7, 7, 8)])
    assert first == again != other


def test_the_stream_of_numbers_is_uniform():
    numbers = np.array(ask(*[["uniform", 7, n] for n in range(4000)]))
    counts, _ = np.histogram(numbers, bins=20, range=(0, 1))
    assert ((counts - 200) ** 2 / 200).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.05


def test_a_number_picks_the_token_whose_share_it_falls_into():
    shares = [0.2, 0.0, 0.5, 0.3, 0.0]
    assert ask(*[["draw", shares, u] for u in (0.0, 0.19, 0.2, 0.69, 0.71, 0.9999)]) == [0, 0, 2, 2, 3, 3]


def test_rounding_never_draws_a_token_that_was_cut():
    assert ask(["draw", [0.5, 0.4999999, 0.0], 0.99999999]) == [1]
