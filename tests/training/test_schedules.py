import math

import pytest

from helpers.training.schedules import warmup_cosine, warmup_linear, warmup_stable_decay


def test_the_schedule_hits_its_end_points():
    factor = warmup_cosine(100, 10, final=0.1)
    assert factor(0) == pytest.approx(0.1)
    assert factor(9) == factor(10) == pytest.approx(1)
    assert factor(99) == pytest.approx(0.1)
    assert all(factor(s) > factor(s + 1) for s in range(10, 99))
    with pytest.raises(ValueError, match="shorter than the run"):
        warmup_cosine(10, 10)


def test_a_line_goes_up_and_a_line_goes_down():
    factor = warmup_linear(15, 4, final=0.2)
    assert [factor(s) for s in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    assert [factor(s) for s in range(4, 15)] == pytest.approx([1 - 0.08 * i for i in range(11)])
    with pytest.raises(ValueError, match="shorter than the run, got n_warmup=15"):
        warmup_linear(15, 15)


def test_the_rate_stands_still_until_the_decay_and_then_ends_at_its_final_value():
    factor = warmup_stable_decay(20, 4, 5, "linear", final=0.1)
    assert [factor(s) for s in range(4)] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert {factor(s) for s in range(4, 15)} == {1.0}
    assert [factor(s) for s in range(15, 20)] == pytest.approx([0.82, 0.64, 0.46, 0.28, 0.1])
    assert factor(25) == pytest.approx(0.1)


def test_one_minus_the_root_falls_fast_at_first():
    factor = warmup_stable_decay(14, 0, 4, "1-sqrt")
    assert [factor(s) for s in range(9, 14)] == pytest.approx([1, 0.5, 1 - math.sqrt(0.5), 1 - math.sqrt(0.75), 0])


def test_a_longer_run_begins_as_the_shorter_one_did_but_not_with_a_cosine():
    short, long = warmup_stable_decay(50, 5, 10), warmup_stable_decay(80, 5, 10)
    assert [short(s) for s in range(40)] == [long(s) for s in range(40)]
    assert short(40) < long(40)
    assert warmup_cosine(50, 5)(30) != warmup_cosine(80, 5)(30)


def test_a_run_may_have_no_warm_up_and_no_decay():
    assert {warmup_stable_decay(6, 0, 0)(s) for s in range(8)} == {1.0}
    assert [warmup_stable_decay(4, 2, 2, "linear")(s) for s in range(4)] == [0.5, 1, 0.5, 0]


def test_what_does_not_fit_and_what_is_no_word_is_refused():
    with pytest.raises(ValueError, match="must fit into the run, got n_warmup=6, n_decay=5 and n_steps=10"):
        warmup_stable_decay(10, 6, 5)
    with pytest.raises(ValueError, match="one of 'linear', '1-sqrt', got 'cosine'"):
        warmup_stable_decay(10, 1, 5, "cosine")
