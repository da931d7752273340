import doctest
import random

import pytest

from helpers.corpora import programs


def test_every_way_to_write_a_program_is_right_and_equals_pythons_own_value():
    rng = random.Random(0)
    for n_steps in (1, 2, 3, 4):
        for _ in range(50):
            problem = programs.task(rng, n_steps)
            program = problem.program(rng)
            assert programs.is_right(problem, program), (problem.description, program)
            assert eval(program, {"x": 5}) == programs.evaluate(program, 5) == problem.value(5)


def test_another_text_with_the_same_value_is_right_and_a_near_miss_is_not():
    problem = programs.Task((("add {n}", 3), ("double", 0)))
    assert programs.is_right(problem, "x+x+6")
    assert not programs.is_right(problem, "x+3*2")  # the brackets are missing


@pytest.mark.parametrize(
    "program",
    ["", "x+", "y", "x/2", "x**9", "__import__('os')", "x if x else 1", "[x]", "lambda: 0", "True", "x.real", "1.5",
     "(" * 300, "x;x", "9" * 400],
)  # fmt: skip
def test_what_is_no_sum_of_products_is_refused_and_wrong(program):
    with pytest.raises(ValueError, match=r"a program|a number above"):
        programs.evaluate(program, 1)
    assert not programs.is_right(programs.Task((("double", 0),)), program)


def test_held_out_tasks_never_come_in_training():
    rng = random.Random(1)
    trained = {programs.task(rng, 2).description for _ in range(500)}
    assert not trained & {programs.task(rng, 2, held_out=True).description for _ in range(100)}


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(programs).failed == 0
