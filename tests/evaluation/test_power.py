import math

import pytest
from scipy import stats

from helpers.evaluation.power import power, smallest_effect


@pytest.mark.parametrize(("effect", "n"), [(0.2, 50), (0.5, 64), (0.8, 30), (0.1, 1000)])
@pytest.mark.equals("helpers.evaluation.power.power", "scipy.stats.nct", "the power of a two-sample test")
def test_the_power_is_that_of_the_t_test_to_two_percent(effect, n):
    freedom, shift = 2 * n - 2, effect * math.sqrt(n / 2)
    limit = stats.t.ppf(0.975, freedom)
    exact = stats.nct.sf(limit, freedom, shift) + stats.nct.cdf(-limit, freedom, shift)
    assert power(effect, n) == pytest.approx(exact, abs=0.02)  # the normal tail is thinner


def test_without_an_effect_five_trials_in_a_hundred_find_one():
    assert power(0.0, 100) == pytest.approx(0.05)
    assert power(0.0, 100, level=0.01) == pytest.approx(0.01)


def test_the_sign_does_not_matter_and_more_people_see_more():
    assert power(-0.3, 80) == pytest.approx(power(0.3, 80))
    assert power(0.3, 40) < power(0.3, 80) < power(0.3, 160)


def test_the_smallest_effect_is_seen_with_the_wanted_power_and_halves_with_four_times_the_people():
    assert power(smallest_effect(226), 226) == pytest.approx(0.8)
    assert smallest_effect(100) == pytest.approx(2 * smallest_effect(400), rel=1e-6)
    assert smallest_effect(2) > 1  # beyond the first bracket


def test_senseless_numbers_are_refused():
    with pytest.raises(ValueError, match="at least 2 people"):
        power(0.5, 1)
    with pytest.raises(ValueError, match="above the level"):
        smallest_effect(10, wanted=0.01)
