import json
import random
import sqlite3

import pytest

from helpers.corpora import programs, shop


def test_the_same_seed_makes_the_same_requests_and_another_makes_others():
    assert shop.requests(20, 1) == shop.requests(20, 1) != shop.requests(20, 2)
    assert [r.kind for r in shop.requests(10)] == list(shop.KINDS) * 2
    with pytest.raises(ValueError, match="kinds are some of"):
        shop.requests(1, kinds=["refund"])


@pytest.mark.parametrize("new", [False, True])
def test_an_order_says_everything_that_its_record_holds(new):
    rng = random.Random(0)
    for _ in range(200):
        text, record = shop.order(rng, new)
        assert tuple(record) == shop.FIELDS
        assert record["customer"] in text
        assert record["item"] in text.lower()
        assert record["colour"] is None or record["colour"] in text
        assert str(record["count"]) in text or shop.NUMBERS[record["count"] - 1] in text


def test_records_and_calls_are_json():
    for request in shop.requests(40, 3, ["record", "cost"]):
        assert isinstance(json.loads(request.answer), dict)


def test_the_sum_of_a_call_is_the_answer():
    for request in shop.requests(50, 4, ["cost", "head"]):
        if request.kind == "cost":
            expression = json.loads(request.answer)["arguments"]["expression"]
            assert programs.evaluate(expression, 0) == request.truth
        assert request.messages[-1]["content"] == f"{request.truth} coins."


def test_every_query_runs_and_some_find_something():
    database = sqlite3.connect(":memory:")
    database.executescript(shop.TABLES)
    database.executemany("insert into goods values (?, ?)", shop.PRICES.items())
    database.executemany("insert into orders values (?, ?, ?, ?)", shop.past_orders())
    results = [database.execute(r.answer).fetchall() for r in shop.requests(60, 5, ["query"])]
    assert all(results)


def test_programs_that_are_held_out_are_in_no_training_request():
    assert not any(r.truth.is_held_out for r in shop.requests(50, 6, ["program"]))
    assert all(r.truth.is_held_out for r in shop.requests(50, 6, ["program"], held_out=True))


def test_new_phrasings_are_in_no_training_request():
    def openings(new):
        return {" ".join(r.prompt.split()[3:5]) for r in shop.requests(300, 7, ["query"], new_phrasings=new)}

    assert openings(True) - openings(False)
