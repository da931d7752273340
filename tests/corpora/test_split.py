import math
import random

import pytest

from helpers.corpora import dirt, tales
from helpers.corpora.minhash import near_duplicate_clusters
from helpers.corpora.near_duplicates import jaccard, shingles
from helpers.corpora.split import is_held_out, uniform_hash

RNG = random.Random(0)
ORIGINALS = tales.stories(150, seed=0)
TEXTS = [text for story in ORIGINALS for text in (story, dirt.edited(story, RNG, 0.02), dirt.edited(story, RNG, 0.02))]
CLUSTERS = near_duplicate_clusters(TEXTS)


def straddling(held_out):
    """How many near-duplicates of a text stand on the other side."""
    return sum(
        held_out[i] != held_out[j] for i in range(0, len(TEXTS), 3) for j in (i + 1, i + 2) if TEXTS[i] != TEXTS[j]
    )


def test_near_duplicates_stand_on_the_same_side_and_without_clusters_they_do_not():
    assert straddling(is_held_out(TEXTS, CLUSTERS, 0.2)) == 0
    assert straddling(is_held_out(TEXTS, share=0.2)) > 50


def test_no_text_that_is_held_out_is_like_one_that_is_not():
    held_out = is_held_out(TEXTS, CLUSTERS, 0.2)
    sides = {side: [shingles(t) for t, h in zip(TEXTS, held_out, strict=True) if h == side] for side in (True, False)}
    assert max(jaccard(a, b) for a in sides[True][:40] for b in sides[False]) < 0.45


def test_the_order_of_the_texts_does_not_matter():
    held_out = dict(zip(TEXTS, is_held_out(TEXTS, CLUSTERS, 0.2), strict=True))
    order = random.Random(1).sample(range(len(TEXTS)), len(TEXTS))
    shuffled = [TEXTS[i] for i in order]
    assert dict(zip(shuffled, is_held_out(shuffled, near_duplicate_clusters(shuffled), 0.2), strict=True)) == held_out


def test_a_text_stays_on_its_side_when_the_corpus_grows():
    before = is_held_out(ORIGINALS, share=0.2)
    assert is_held_out([*ORIGINALS, *tales.stories(50, seed=9)], share=0.2)[: len(ORIGINALS)] == before


@pytest.mark.parametrize("size", [1, 4])
def test_about_the_asked_share_is_held_out_whatever_the_size_of_the_clusters(size):
    n, share = 4000, 0.1
    texts = [f"text {i}" for i in range(n * size)]
    held_out = is_held_out(texts, [i // size for i in range(n * size)], share)
    assert abs(sum(held_out) / len(texts) - share) < 4 * math.sqrt(share * (1 - share) / n)
    assert is_held_out(texts, share=share, salt="another") != is_held_out(texts, share=share)


def test_the_hash_is_the_same_on_every_machine():
    assert f"{uniform_hash('a fox'):.12f}" == HASH_OF_A_FOX
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.5"):
        is_held_out(["a"], share=1.5)


HASH_OF_A_FOX = "0.508205607518"
