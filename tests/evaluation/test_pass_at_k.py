import itertools
import math

import pytest

from helpers.evaluation.pass_at_k import best_of_k, mean_pass_at_k, pass_at_k


@pytest.mark.parametrize(("n", "n_right"), [(1, 0), (1, 1), (5, 0), (5, 2), (6, 3), (6, 6)])
def test_it_is_the_share_of_all_choices_of_k_that_hold_a_right_one(n, n_right):
    answers = [i < n_right for i in range(n)]
    for k in range(1, n + 1):
        hits = [any(choice) for choice in itertools.combinations(answers, k)]
        assert pass_at_k(n, n_right, k) == pytest.approx(sum(hits) / len(hits))


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_its_mean_is_the_true_chance_of_a_hit_and_the_plain_estimate_is_too_low(p):
    n, k = 6, 3
    chance = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    true = 1 - (1 - p) ** k
    assert sum(w * pass_at_k(n, c, k) for c, w in enumerate(chance)) == pytest.approx(true)
    assert sum(w * (1 - (1 - c / n) ** k) for c, w in enumerate(chance)) < true - 0.01


def test_ten_thousand_answers_do_not_overflow():
    n, right, k = 10_000, 7, 5000
    assert pass_at_k(n, right, k) == pytest.approx(float(1 - math.comb(n - right, k) / math.comb(n, k)))
    assert pass_at_k(n, 1, k) == pytest.approx(0.5)


def test_the_error_is_over_problems():
    mean = mean_pass_at_k([[True, False], [False, False], [True, True]], 1)
    assert mean.value == pytest.approx(0.5)
    assert mean.error == pytest.approx(0.5 / math.sqrt(3))
    assert mean_pass_at_k([[True, False], [False, False], [True, True]], 2).value == pytest.approx(2 / 3)


@pytest.mark.parametrize(("n", "n_right", "k"), [(3, 1, 4), (3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_what_cannot_be_is_refused(n, n_right, k):
    with pytest.raises(ValueError, match=rf"got n={n}, n_right={n_right} and k={k}"):
        pass_at_k(n, n_right, k)


def test_the_best_of_k_is_the_mean_over_all_choices_of_the_value_on_top():
    scores, values = [0.3, 2.0, -1.0, 0.9, 0.1], [5.0, 1.0, 7.0, -2.0, 4.0]
    for k in range(1, 6):
        tops = [values[max(choice, key=scores.__getitem__)] for choice in itertools.combinations(range(5), k)]
        assert best_of_k(scores, values, k) == pytest.approx(sum(tops) / len(tops))
    with pytest.raises(ValueError, match="got k=6 and 5 answers"):
        best_of_k(scores, values, 6)


def test_with_right_and_wrong_as_scores_the_best_of_k_is_pass_at_k():
    is_right = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]
    for k in range(1, 7):
        assert best_of_k(is_right, is_right, k) == pytest.approx(pass_at_k(6, 2, k))
