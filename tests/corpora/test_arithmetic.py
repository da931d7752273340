import pytest

from helpers.corpora.arithmetic import CHARACTERS, Sum, is_right, sums


def test_a_sum_by_hand():
    assert Sum(47, 85).question == "47+85="
    assert Sum(47, 85).answer == "132"
    assert Sum(47, 85).worked == "7+5+0=12,4+8+1=13:132"
    assert Sum(5, 999).worked == "5+9+0=14,0+9+1=10,0+9+1=10:1004"


def test_a_question_says_which_sum_it_asks_for():
    assert all(Sum.asked(problem.question) == problem for problem in sums(50, 3, seed=0))
    for wrong in ("47+85", "47-85=", "+85=", "47+85=132"):
        with pytest.raises(ValueError, match="has the form '47\\+85='"):
            Sum.asked(wrong)


def test_every_step_of_the_working_is_true_and_its_last_digits_are_the_answer():
    for problem in sums(300, 3, seed=0):
        steps, result = problem.worked.split(":")
        digits = []
        for step in steps.split(","):
            left, right = step.split("=")
            assert sum(map(int, left.split("+"))) == int(right)
            digits.append(right[-1])
        first = steps.split(",")[-1].split("=")[1]
        assert first + "".join(reversed(digits[:-1])) == result == str(problem.a + problem.b)


def test_only_the_result_counts_and_it_counts_digit_for_digit():
    problem = Sum(47, 85)
    for right in (problem.answer, problem.worked, "7+5+0=11:132"):
        assert is_right(problem, right)
    for wrong in ("", "131", "0132", "132 ", "13", "132:", problem.worked[:-1], "132:131", "7+5+0=12,4+8+1=13"):
        assert not is_right(problem, wrong)


@pytest.mark.parametrize("n_digits", [1, 2, 3])
def test_held_out_sums_are_no_training_sums_in_either_order(n_digits):
    train, test = sums(2000, n_digits, seed=0), sums(200, n_digits, seed=0, held_out=True)
    assert {tuple(sorted((p.a, p.b))) for p in train}.isdisjoint({tuple(sorted((p.a, p.b))) for p in test})
    assert all(p.is_held_out for p in test)
    assert max(p.a for p in train) == 10**n_digits - 1 or n_digits == 3
    assert all(0 <= p.a < 10**n_digits and 0 <= p.b < 10**n_digits for p in train)


def test_about_one_sum_in_ten_is_held_out_whatever_its_digits():
    kept = [p for p in (Sum(a, b) for a in range(100) for b in range(100)) if p.is_held_out]
    assert 0.08 < len(kept) / 10_000 < 0.12
    for digit in range(10):
        assert 0.06 < sum((p.a + p.b) % 10 == digit for p in kept) / len(kept) < 0.15


def test_a_seed_gives_the_same_sums_and_another_others():
    assert sums(20, 2, seed=3) == sums(20, 2, seed=3) != sums(20, 2, seed=4)


def test_the_characters_are_those_that_occur():
    texts = (p.question + p.worked for p in sums(500, 3, seed=0))
    assert set("".join(texts)) == set(CHARACTERS)


def test_other_numbers_of_digits_are_refused():
    with pytest.raises(ValueError, match="must be 1, 2 or 3, got 4"):
        sums(1, 4, seed=0)
