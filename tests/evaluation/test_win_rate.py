import math

import pytest
from scipy.stats import binomtest

from helpers.evaluation.win_rate import share_won, wilson_interval, win_rate


def test_wins_ties_and_losses_computed_by_hand():
    rate = win_rate([1.0, 2.0, 3.0, 0.0], [0.0, 2.0, 1.0, 5.0])
    assert rate.value == 2.5 / 4
    assert rate.n == 4
    assert rate.error == pytest.approx(math.sqrt((2 * 0.375**2 + 0.125**2 + 0.625**2) / 3 / 4))


def test_the_other_side_wins_the_rest():
    ours, theirs = [0.3, 0.1, 0.8, 0.8, 0.2], [0.1, 0.5, 0.8, 0.3, 0.9]
    one, other = win_rate(ours, theirs), win_rate(theirs, ours)
    assert one.value + other.value == pytest.approx(1)
    assert (one.low, one.high) == (pytest.approx(1 - other.high), pytest.approx(1 - other.low))
    assert win_rate(ours, ours).value == 0.5


def test_only_the_answers_to_one_prompt_are_compared():
    # every answer of ours beats its rival, though their mean is higher
    assert win_rate([1.0, 2.0, 3.0], [0.0, 1.0, 2.9]).value == 1
    assert win_rate([0.1, 0.1, 0.1], [0.0, 0.0, 9.0]).value == pytest.approx(2 / 3)


@pytest.mark.equals("helpers.evaluation.win_rate.wilson_interval", "scipy.stats.binomtest", "Wilson's 95 % interval")
@pytest.mark.parametrize(("n_won", "n"), [(0, 5), (3, 10), (7, 7), (512, 1000)])
def test_the_interval_is_scipys(n_won, n):
    theirs = binomtest(n_won, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(n_won / n, n) == pytest.approx((theirs.low, theirs.high), abs=1e-6)  # 1.96 has six digits


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_the_interval_holds_the_truth_19_times_in_20(p):
    n = 60
    held = 0.0
    for k in range(n + 1):
        low, high = wilson_interval(k / n, n)
        held += math.comb(n, k) * p**k * (1 - p) ** (n - k) * (low <= p <= high)
    assert 0.925 < held < 0.985  # counts are whole numbers, so it cannot be 0.95 exactly


def test_the_interval_does_not_close_when_all_is_won():
    rate = share_won([1.0] * 10)
    assert rate.error == 0
    assert 0.6 < rate.low < 0.8
    assert rate.high == pytest.approx(1)
    assert str(rate).startswith("100.0% (95 % from 7")


def test_outcomes_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="got 1 of ours and 2 of theirs"):
        win_rate([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"at least one, got \[\]"):
        share_won([])
    with pytest.raises(ValueError, match=r"from 0 \(lost\) to 1 \(won\)"):
        share_won([0.5, 3.0])
