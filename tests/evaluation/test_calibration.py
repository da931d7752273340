import math

import pytest
import torch

from helpers.evaluation.calibration import calibration_error, error_if_calibrated, probability_error, reliability

PREDICTED = torch.tensor([0.1, 0.2, 0.8, 0.9, 1.0])
HAPPENED = torch.tensor([False, True, True, True, False])


def outcomes(true, seed=0):
    return torch.rand(len(true), generator=torch.Generator().manual_seed(seed)) < true


def probabilities(n, seed=1):
    return torch.rand(n, generator=torch.Generator().manual_seed(seed))


def test_two_bins_computed_by_hand():
    low, high = reliability(PREDICTED, HAPPENED, n_bins=2)
    assert (low.predicted, high.predicted) == (pytest.approx(0.15), pytest.approx(0.9))
    assert (low.n, high.n) == (2, 3)
    assert low.observed == (0.5, pytest.approx(math.sqrt(0.25 / 2)))
    assert high.observed == (pytest.approx(2 / 3), pytest.approx(math.sqrt(2 / 9 / 3)))
    error = calibration_error(PREDICTED, HAPPENED, n_bins=2).value
    assert error == pytest.approx(2 / 5 * (0.5 - 0.15) + 3 / 5 * (0.9 - 2 / 3))


def test_a_sure_prediction_belongs_to_the_last_bin_and_empty_bins_are_left_out():
    bins = reliability(torch.tensor([0.0, 1.0, 1.0]), torch.tensor([False, True, True]), n_bins=10)
    assert [(b.predicted, b.observed.value, b.n) for b in bins] == [(0, 0, 1), (1, 1, 2)]


def test_right_probabilities_show_the_error_of_chance_and_wrong_ones_more():
    true = probabilities(4000)
    happened, floor = outcomes(true), error_if_calibrated(true)
    error = calibration_error(true, happened)
    assert 0 < floor < 0.03
    assert abs(error.value - floor) < 4 * error.error
    sure = torch.sigmoid(3 * torch.logit(true))  # three times as sure as it should be
    assert calibration_error(sure, happened).value > 5 * floor


def test_the_error_of_chance_falls_with_the_number_of_cases():
    few, many = (error_if_calibrated(probabilities(n)) for n in (100, 1600))
    assert few / many == pytest.approx(4, rel=0.15)  # as 1/√N


def test_the_standard_error_is_how_much_the_number_changes_from_sample_to_sample():
    wrong = 0.25 + 0.5 * probabilities(500)  # the truth is nearer to 0 or 1
    errors = [calibration_error(wrong, outcomes(2 * wrong - 0.5, seed)) for seed in range(100, 140)]
    values = torch.tensor([error.value for error in errors])
    assert errors[0].error == pytest.approx(values.std().item(), rel=0.35)  # of 40 samples, known to about 11 %
    assert calibration_error(wrong, outcomes(wrong), seed=3) == calibration_error(wrong, outcomes(wrong), seed=3)


def test_the_distance_to_the_true_probability_needs_no_outcomes():
    error = probability_error(torch.tensor([0.5, 0.9, 0.2]), torch.tensor([0.6, 0.6, 0.2]))
    assert error.value == pytest.approx(0.4 / 3)
    assert error.error == pytest.approx(torch.tensor([0.1, 0.3, 0.0]).std().item() / math.sqrt(3))


def test_margins_are_no_probabilities():
    with pytest.raises(ValueError, match=r"from 0 to 1, got some from -1.5 to 2: take the sigmoid"):
        reliability(torch.tensor([2.0, -1.5]), torch.tensor([True, False]))
    with pytest.raises(ValueError, match=r"got 0 predictions and n_bins=10"):
        calibration_error(torch.tensor([]), torch.tensor([], dtype=torch.bool))
