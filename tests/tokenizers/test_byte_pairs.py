import doctest
import importlib
import random

import pytest

from helpers.tokenizers import count_pairs, encode_naive, merge, most_frequent, pretokenize, train_naive
from helpers.tokenizers.bpe import apply_merges
from helpers.tokenizers.training import PairIndex, merge_with_changes, train_merges


@pytest.mark.parametrize("name", ["bpe", "byte_names", "byte_pairs", "pretokenize", "readable", "special", "training"])
def test_the_examples_in_the_docstrings_are_true(name):
    result = doctest.testmod(importlib.import_module(f"helpers.tokenizers.{name}"))
    assert result.failed == 0


def test_the_example_of_sennrich_et_al_is_reproduced():
    # Their dictionary: low 5, lower 2, newest 6, widest 3. With ties to the smallest ids: e+s, es+t, l+o, lo+w, ...
    words = ["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3
    merges = train_naive(words, n_merges=4)
    names = {i: chr(i) for i in range(256)}
    for i, (left, right) in enumerate(merges):
        names[256 + i] = names[left] + names[right]
    assert [names[256 + i] for i in range(4)] == ["es", "est", "lo", "low"]


def test_merging_never_lengthens_and_keeps_what_is_not_the_pair():
    ids = [random.Random(0).randrange(4) for _ in range(200)]
    pair = most_frequent(count_pairs(ids))
    merged = merge(ids, pair, new_id=9)
    assert len(merged) == len(ids) - merged.count(9) < len(ids)
    unfolded = [i for j in merged for i in (pair if j == 9 else (j,))]
    assert unfolded == ids


@pytest.mark.parametrize("seed", range(20))
def test_the_changes_are_the_difference_between_the_counts_before_and_after(seed):
    chance = random.Random(seed)
    word = [chance.randrange(2) for _ in range(chance.randrange(2, 30))]
    pair = (word[0], word[1])
    merged, changes = merge_with_changes(word, pair, new_id=9)
    expected = count_pairs(merged)
    expected.subtract(count_pairs(word))
    assert merged == merge(word, pair, 9)
    assert {p: n for p, n in changes.items() if n} == {p: n for p, n in expected.items() if n}


def random_words(seed: int) -> list[str]:
    """Few letters and long runs: many ties, many overlaps."""
    chance = random.Random(seed)
    return ["".join(chance.choices("aab", k=chance.randrange(1, 25))) for _ in range(30)]


@pytest.mark.parametrize("seed", range(20))
def test_fast_training_learns_the_same_merges_as_the_definition(seed):
    words = random_words(seed)
    counts = {word: words.count(word) for word in words}
    fast = train_merges(counts, n_merges=60)
    assert fast == train_naive(words, n_merges=60)
    assert len(fast) >= 20


def test_fast_training_learns_the_same_merges_on_real_text(manual):
    pieces = pretokenize(manual[:4_000])
    counts = {piece: pieces.count(piece) for piece in pieces}
    assert train_merges(counts, n_merges=100) == train_naive(pieces, n_merges=100)


@pytest.mark.parametrize("seed", range(20))
def test_fast_encoding_gives_the_same_ids_as_the_definition(seed):
    merges = train_naive(random_words(seed), n_merges=40)
    rank_of = {pair: rank for rank, pair in enumerate(merges)}
    for word in random_words(seed + 1000):
        assert apply_merges(word.encode(), rank_of) == encode_naive(word, merges)


def test_among_equally_frequent_pairs_the_smallest_ids_win():
    assert train_naive(["zy", "zy", "ab", "ab"], n_merges=2) == [(97, 98), (122, 121)]
    assert train_merges({"zy": 2, "ab": 2}, n_merges=2) == [(97, 98), (122, 121)]


def test_training_stops_when_no_pair_occurs_often_enough():
    assert train_merges({"abc": 1}, n_merges=10) == []
    assert train_merges({"abc": 1}, n_merges=10, min_count=1) == [(97, 98), (256, 99)]
    assert train_naive(["abc"], n_merges=10, min_count=1) == [(97, 98), (256, 99)]


def test_an_index_without_words_has_no_pair():
    assert PairIndex({}).most_frequent() is None
