import pytest

from helpers import records


@pytest.mark.parametrize("name", records.names())
def test_every_record_says_how_it_can_be_made_again(name):
    record = records.load(name)
    assert record["command"].startswith("python experiments/")
    assert len(record["seeds"]) >= 1
    assert record["seconds"] > 0
    assert {"commit", "date", "device", "torch", "values"} <= record.keys()


def test_an_unknown_record_lists_those_there_are():
    with pytest.raises(FileNotFoundError, match=r"there are: .*gpt_on_tales"):
        records.load("gpt_on_mars")
