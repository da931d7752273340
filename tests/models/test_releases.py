import re
from itertools import pairwise
from pathlib import Path

from helpers.models.releases import RELEASES

BIBLIOGRAPHY = (Path(__file__).parents[2] / "book" / "references.bib").read_text(encoding="utf-8")


def release(name):
    return next(r for r in RELEASES if r.preset == name)


def test_releases_stand_in_the_order_of_their_dates_and_once_each():
    assert all(a.date <= b.date for a, b in pairwise(RELEASES))
    assert len({r.preset for r in RELEASES}) == len(RELEASES)


def test_sizes_are_counted_and_not_typed():
    assert release("bert-base").n_parameters == 109_482_240
    assert release("t5-small").n_parameters == 60_506_624
    assert release("gpt3-175b").n_parameters == 174_604_259_328


def test_each_says_which_half_of_the_transformer_it_keeps():
    kinds = [release(name).kind for name in ("bert-large", "t5-11b", "transformer-big", "gpt2", "llama-4-scout")]
    assert kinds == ["encoder", "encoder-decoder", "encoder-decoder", "decoder", "decoder"]


def test_tokens_per_parameter_agree_with_the_published_ratios():
    for name, ratio in [("gpt3-175b", 1.7), ("llama-1-65b", 21.4), ("llama-3-8b", 1867.9), ("llama-3.1-405b", 38.4)]:
        r = release(name)
        assert round(r.tokens / r.n_parameters, 1) == ratio


def test_every_release_has_its_source_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{([^,]+),", BIBLIOGRAPHY, re.M))
    assert {r.source for r in RELEASES} <= keys
