"""The filters in the page compute what helpers.sampling computes."""

import numpy as np
import pytest
import torch

from helpers.sampling import next_token_probs
from tests.widgets.javascript import ask as ask_module

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


def ask(*questions: list) -> list:
    """The answers of the filters' own functions."""
    return ask_module("filters.js", *questions)


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


@pytest.mark.parametrize("p_base", [0.01, 0.2, 1.0])
@pytest.mark.parametrize("penalty", [0.8, 1.0, 1.5])
def test_min_p_and_the_repetition_penalty_equal_the_library(p_base: float, penalty: float):
    seen = [3, 3, 17, 0, 39]
    setting = {"temperature": 0.9, "top_k": 30, "top_p": 0.98, "min_p": p_base, "repetition_penalty": penalty}
    answer = ask(["filtered", LOGITS.tolist(), setting, seen])[0]
    expected = next_token_probs(LOGITS, 0.9, 30, 0.98, p_base, penalty, torch.tensor(seen))
    assert answer == pytest.approx(expected.tolist(), abs=1e-12)


def test_greedy_keeps_one_token_even_if_two_tie():
    assert ask(["filtered", [1.0, 3.0, 3.0], {"temperature": 0, "top_k": 0, "top_p": 1}])[0] == [0, 1, 0]


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
