import json
import random
import re
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


def test_a_rule_reads_plain_orders_and_takes_the_first_of_two_articles():
    assert shop.record_by_rule("Please send four red drums to Max.") == {
        "customer": "Max",
        "item": "drum",
        "colour": "red",
        "count": 4,
    }
    both = "Hello, this is Ida. The 2 hats are fine, but we want 5 boats more."
    assert shop.record_by_rule(both) == {"customer": "Ida", "item": "hat", "colour": None, "count": 2}
    assert set(shop.record_by_rule("Nothing.").values()) == {None}


def test_every_record_has_the_form_and_a_stranger_does_not():
    for request in shop.requests(50, 8, ["record"]):
        assert re.fullmatch(shop.RECORD_FORM, request.answer)
    assert not re.fullmatch(shop.RECORD_FORM, json.dumps({**request.truth, "customer": "Zora"}))


def test_the_database_answers_and_cannot_be_written():
    database = shop.database()
    assert database.execute("SELECT count(*) FROM orders").fetchone() == (200,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.execute("DELETE FROM orders")
