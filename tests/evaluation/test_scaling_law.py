import math

import pytest
import torch

from helpers.evaluation.scaling_law import ScalingLaw, bootstrap_counts, fit_scaling_law

TRUE = ScalingLaw(floor=0.34, a=8.0, alpha=0.3, b=900.0, beta=0.6)


@pytest.fixture
def runs():
    grid = torch.meshgrid(torch.tensor([3e3, 1e4, 1e5, 4e5]), torch.tensor([1e5, 5e5, 3e6]), indexing="ij")
    n, d = (values.flatten() for values in grid)
    return n, d, torch.tensor([TRUE.loss(*run) for run in zip(n.tolist(), d.tolist(), strict=True)])


def test_a_law_without_noise_is_found_again(runs):
    [found] = fit_scaling_law(*runs)
    assert found == pytest.approx(TRUE, rel=1e-2)


def test_noise_moves_the_answer_and_the_bootstrap_shows_how_much(runs):
    n, d, loss = runs
    chance = torch.Generator().manual_seed(0)
    noisy = loss * (1 + 0.01 * torch.randn(len(loss), generator=chance))
    [found] = fit_scaling_law(n, d, noisy)
    again = fit_scaling_law(n, d, noisy, bootstrap_counts(len(loss), 50, chance))
    floors = sorted(law.floor for law in again)
    assert found.floor != pytest.approx(TRUE.floor, abs=1e-3)
    assert floors[0] < TRUE.floor < floors[-1]
    assert floors[-1] - floors[0] > 0.01


def test_counts_of_one_are_the_plain_fit_and_counts_of_zero_leave_a_run_out(runs):
    n, d, loss = runs
    spoiled = loss.clone()
    spoiled[5] = 9.0
    kept = torch.ones(1, len(loss))
    assert fit_scaling_law(n, d, loss, kept) == fit_scaling_law(n, d, loss)
    kept[0, 5] = 0
    assert fit_scaling_law(n, d, spoiled, kept)[0] == pytest.approx(TRUE, rel=1e-2)
    assert fit_scaling_law(n, d, spoiled)[0] != pytest.approx(TRUE, rel=1e-2)


def test_losses_that_rise_with_size_are_refused():
    n, d = torch.tensor([1e3, 1e4, 1e5, 1e6, 1e3, 1e6]), torch.tensor([1e5, 1e5, 1e5, 1e5, 1e7, 1e7])
    with pytest.raises(ValueError, match="do the losses fall"):
        fit_scaling_law(n, d, torch.tensor([1.0, 1.5, 2.0, 2.5, 1.1, 2.6]))


@pytest.mark.parametrize("compute", [1e11, 1e16, 6e23])
def test_no_other_size_does_better_at_the_same_compute(compute):
    n, d = TRUE.best_split(compute)
    assert math.isclose(6 * n * d, compute)
    assert all(TRUE.loss(n * f, d / f) > TRUE.loss(n, d) for f in (0.5, 0.99, 1.01, 2.0))


def test_the_constants_of_chinchillas_third_fit_advise_another_split_than_their_correction():
    printed = ScalingLaw(1.69, 406.4, 0.34, 410.7, 0.28)
    refitted = ScalingLaw(1.8172, 482.01, 0.3478, 2085.43, 0.3658)
    per_parameter = [d / n for n, d in (law.best_split(5.76e23) for law in (printed, refitted))]
    assert [round(r) for r in per_parameter] == [93, 18]


def test_a_bootstrap_draws_as_many_runs_as_there_are():
    counts = bootstrap_counts(20, 30, torch.Generator().manual_seed(1))
    assert counts.shape == (30, 20)
    assert (counts.sum(dim=1) == 20).all()
    assert counts.max() > 1
