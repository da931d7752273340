"""MinHash estimates what comparing all pairs would say, and finds the pairs without comparing them all."""

import itertools
import math
import random

import datasketch
import numpy as np
import pytest

from helpers.corpora import dirt, tales
from helpers.corpora.crawl import crawl
from helpers.corpora.minhash import (
    MinHash,
    candidate_pairs,
    collision_probability,
    estimated_jaccard,
    near_duplicate_clusters,
)
from helpers.corpora.near_duplicates import clusters, copies, jaccard, shingles, similar_pairs

DOCUMENTS = [d for d in crawl(360, seed=7).documents if d.dirt in ("", "copy", "near copy")]
SHINGLES = [shingles(d.text) for d in DOCUMENTS]


def sets_of_similarity(shared, own):
    """Two sets with this many common elements and as many of their own each."""
    common = [f"c{i}" for i in range(shared)]
    return frozenset([*common, *(f"a{i}" for i in range(own))]), frozenset([*common, *(f"b{i}" for i in range(own))])


def test_shingles_and_their_similarity_by_hand():
    a, b = shingles("a b c d", n=2), shingles("b c d e", n=2)
    assert a == {"a b", "b c", "c d"}
    assert jaccard(a, b) == 2 / 4
    assert shingles("Hi!", n=5) == {"hi"}
    assert shingles("", n=5) == {""}


def test_shingles_of_chinese_are_runs_of_characters():
    assert shingles("小鼓。小猫", n=3) == {"小 鼓 小", "鼓 小 猫"}


@pytest.mark.parametrize(("shared", "own"), [(10, 90), (60, 40), (190, 10)])
def test_the_estimate_is_unbiased_with_the_stated_standard_error(shared, own):
    a, b = sets_of_similarity(shared, own)
    s, n_hashes, n_seeds = jaccard(a, b), 64, 400
    estimates = []
    for seed in range(n_seeds):
        minhash = MinHash(n_hashes, seed)
        estimates.append(estimated_jaccard(minhash.signature(a), minhash.signature(b)))
    error = math.sqrt(s * (1 - s) / n_hashes)
    assert abs(np.mean(estimates) - s) < 4 * error / math.sqrt(n_seeds)
    # The deviation of n_seeds normal draws is itself known to 1 / √(2 n_seeds).
    assert np.std(estimates) == pytest.approx(error, rel=4 / math.sqrt(2 * n_seeds))


@pytest.mark.parametrize(("n_bands", "n_rows"), [(16, 4), (8, 8)])
@pytest.mark.parametrize(("shared", "own"), [(40, 60), (60, 40), (140, 40)])
def test_two_texts_share_a_band_as_often_as_the_formula_says(n_bands, n_rows, shared, own):
    a, b = sets_of_similarity(shared, own)
    p, n_seeds = collision_probability(jaccard(a, b), n_bands, n_rows), 400
    met = 0
    for seed in range(n_seeds):
        minhash = MinHash(n_bands * n_rows, 1000 + seed)
        met += bool(candidate_pairs(minhash.signatures([a, b]), n_bands))
    assert abs(met / n_seeds - p) < 4 * math.sqrt(p * (1 - p) / n_seeds) + 1e-9


def test_more_bands_find_more_and_longer_bands_find_less():
    assert collision_probability(0.5, 1, 1) == 0.5
    assert collision_probability(0.5, 32, 4) > collision_probability(0.5, 16, 4) > collision_probability(0.5, 16, 5)
    assert collision_probability(1.0, 3, 9) == 1


def test_candidates_are_exactly_the_pairs_that_agree_in_a_band():
    rng = np.random.default_rng(0)
    signatures = rng.integers(0, 3, (40, 6))
    expected = {
        (i, j)
        for i, j in itertools.combinations(range(40), 2)
        if any((signatures[i, k : k + 2] == signatures[j, k : k + 2]).all() for k in (0, 2, 4))
    }
    assert candidate_pairs(signatures, n_bands=3) == expected
    with pytest.raises(ValueError, match="got 6 hashes and n_bands=4"):
        candidate_pairs(signatures, n_bands=4)


def test_clusters_are_the_connected_components():
    assert clusters(6, [(1, 2), (4, 5), (2, 4)]) == [0, 1, 1, 3, 1, 1]
    assert clusters(3, []) == [0, 1, 2]
    assert copies([0, 1, 1, 3, 1, 1]) == {2, 4, 5}
    pairs = [tuple(random.Random(i).sample(range(60), 2)) for i in range(40)]
    assert clusters(60, pairs) == clusters(60, [(b, a) for a, b in reversed(pairs)])
    root = clusters(60, pairs)
    assert all(root[a] == root[b] for a, b in pairs)


def test_the_clusters_are_those_that_comparing_all_pairs_finds():
    exact = clusters(len(SHINGLES), similar_pairs(SHINGLES, 0.45))
    found = near_duplicate_clusters([d.text for d in DOCUMENTS])
    assert len(copies(exact)) > 30
    # Pairs near the threshold may fall on either side of it.
    assert len(copies(exact) ^ copies(found)) <= 1


def test_the_clusters_are_the_planted_ones():
    found = near_duplicate_clusters([d.text for d in DOCUMENTS])
    for i, j in itertools.combinations(range(len(DOCUMENTS)), 2):
        if found[i] == found[j]:
            assert DOCUMENTS[i].origin == DOCUMENTS[j].origin
    n_planted = len(DOCUMENTS) - len({d.origin for d in DOCUMENTS})
    assert len(copies(found)) >= 0.95 * n_planted


def test_three_thousand_copies_of_a_page_are_one_cluster_without_a_pair_for_each():
    texts = tales.stories(3, seed=0)
    assert near_duplicate_clusters([*texts, *[texts[1]] * 3_000])[3:] == [1] * 3_000


@pytest.mark.equals("helpers.corpora.minhash.MinHash", "datasketch.MinHash", "both estimates of a known similarity")
def test_datasketch_and_we_estimate_the_same_similarity():
    minhash = MinHash(128)
    for a, b in itertools.islice(itertools.combinations(SHINGLES, 2), 0, 4000, 100):
        ours = estimated_jaccard(minhash.signature(a), minhash.signature(b))
        theirs = sketch(a).jaccard(sketch(b))
        s = jaccard(a, b)
        error = math.sqrt(s * (1 - s) / 128)
        assert abs(ours - s) <= 4 * error + 1 / 128
        assert abs(ours - theirs) <= 4 * math.sqrt(2) * error + 1 / 128


@pytest.mark.equals(
    "helpers.corpora.minhash.near_duplicate_clusters", "datasketch.MinHashLSH", "the near-duplicates of 270 texts"
)
def test_datasketch_finds_the_same_near_duplicates():
    sketches = [sketch(text) for text in SHINGLES]
    index = datasketch.MinHashLSH(num_perm=128, params=(32, 4))
    for i, s in enumerate(sketches):
        index.insert(i, s)
    pairs = [(i, j) for i, s in enumerate(sketches) for j in index.query(s) if s.jaccard(sketches[j]) >= 0.45]
    theirs = copies(clusters(len(sketches), pairs))
    ours = copies(near_duplicate_clusters([d.text for d in DOCUMENTS]))
    assert len(theirs) > 30
    assert len(ours ^ theirs) <= 1  # two estimates of pairs near the threshold


def sketch(text):
    found = datasketch.MinHash(num_perm=128)
    found.update_batch([shingle.encode() for shingle in text])
    return found


def test_texts_that_are_less_alike_than_the_threshold_stay_apart():
    story = tales.stories(1, seed=4)[0]
    other = dirt.edited(story, random.Random(0), 0.03)
    assert 0.5 < jaccard(shingles(story), shingles(other)) < 0.8
    assert near_duplicate_clusters([story, other], threshold=0.45) == [0, 0]
    assert near_duplicate_clusters([story, other], threshold=0.95) == [0, 1]
