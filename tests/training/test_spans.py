import random

import pytest

from helpers.training.spans import corrupt_spans, lengths

MARKS = list(range(900, 940))


def filled(source, target):
    """The text that the answer's spans make of the source."""
    spans, mark = {}, None
    for i in target:
        if i in MARKS:
            mark = i
            spans[mark] = []
        else:
            spans[mark].append(i)
    return [j for i in source for j in (spans[i] if i in MARKS else [i])]


@pytest.mark.parametrize("n", [2, 7, 64, 200])
def test_spans_put_back_into_their_marks_give_the_text(n):
    for seed in range(20):
        ids = list(range(n))
        assert filled(*corrupt_spans(ids, MARKS, random.Random(seed))) == ids


def test_fifteen_percent_are_cut_in_spans_of_three_on_average():
    source, target = corrupt_spans(list(range(200)), MARKS, random.Random(0))
    n_marks = sum(i in MARKS for i in source)
    assert n_marks == 10
    assert len(target) == 30 + 10 + 1
    assert len(source) == 200 - 30 + 10


def test_marks_come_in_order_and_the_answer_ends_with_one_more():
    source, target = corrupt_spans(list(range(64)), MARKS, random.Random(3))
    assert [i for i in source if i in MARKS] == MARKS[:3]
    assert [i for i in target if i in MARKS] == MARKS[:4]
    assert target[-1] == MARKS[3]


def test_every_way_to_cut_is_drawn_equally_often():
    chance = random.Random(0)
    drawn = [tuple(lengths(5, 2, chance)) for _ in range(4000)]
    assert set(drawn) == {(1, 4), (2, 3), (3, 2), (4, 1)}
    assert all(abs(drawn.count(cut) - 1000) < 130 for cut in set(drawn))


def test_more_parts_than_tokens_are_refused():
    with pytest.raises(ValueError, match="parts that are not empty, got n=4"):
        lengths(3, 4, random.Random(0))
