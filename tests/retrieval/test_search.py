import math

import pytest
import torch

from helpers.retrieval import (
    FullTextIndex,
    LatentSemantics,
    VectorIndex,
    bm25,
    connect,
    inverse_document_frequency,
    open_book,
    recall_at_k,
    reciprocal_rank_fusion,
)
from helpers.retrieval.full_text import Hit
from helpers.retrieval.latent_semantics import directions

TALES = [
    "The fox lost a red drum in the barn.",
    "The mouse found the drum, and the fox was glad. The drum was red.",
    "A beaver built a dam.",
    "",
    "Nobody knows the owl's song; the owl sings at night.",
]


@pytest.mark.equals("helpers.retrieval.bm25", "apsw.Connection", "scores of texts, as SQLite's FTS5 gives them")
@pytest.mark.parametrize("question", ["red drum", "the drum", "Who was the OWL?", "drum drum drum", "dam or fox"])
def test_bm25_is_that_of_sqlite(question):
    ours = bm25(question, TALES)
    theirs = {hit.number: hit.score for hit in FullTextIndex(TALES, "words").search(question, 10)}
    assert {i for i, score in enumerate(ours.tolist()) if score > 0} == set(theirs)
    for number, score in theirs.items():
        assert math.isclose(score, ours[number].item(), rel_tol=1e-9)


def test_a_rare_word_tells_more_and_a_common_one_next_to_nothing():
    rarities = [inverse_document_frequency(n, 100) for n in (1, 10, 49, 50, 100)]
    assert rarities == sorted(rarities, reverse=True)
    assert rarities[-1] == rarities[-2] == 1e-6


def test_a_word_said_twice_counts_more_but_not_twice_and_length_costs():
    one, two, long = bm25("drum", ["drum a b c", "drum drum b c", "drum a b c d e f g", "x", "y", "z", "u", "v"])[:3]
    assert one < two < 2 * one
    assert long < one


def test_a_question_of_marks_finds_nothing_and_does_no_harm():
    index = FullTextIndex(TALES)
    assert index.search('?! "" --') == []
    assert index.search('"; drop table full_text; --') == []
    assert index.search("drum")


def test_stems_find_other_forms_of_a_word_and_words_do_not():
    assert FullTextIndex(TALES, "stems").search("drums")
    assert not FullTextIndex(TALES, "words").search("drums")
    with pytest.raises(ValueError, match="cut is one of"):
        FullTextIndex(TALES, "letters")


def test_vectors_come_back_by_their_cosine():
    vectors = torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
    question = torch.randn(8, generator=torch.Generator().manual_seed(1))
    cosines = torch.cosine_similarity(vectors, question[None])
    hits = VectorIndex(vectors).search(question, 10)
    assert [hit.number for hit in hits] == cosines.topk(10).indices.tolist()
    torch.testing.assert_close(torch.tensor([hit.score for hit in hits]), cosines.topk(10).values)
    assert VectorIndex(vectors).search(torch.zeros(8)) == []


def test_one_database_holds_both_indexes_and_survives_being_closed(tmp_path):
    path = str(tmp_path / "both.db")
    database = connect(path)
    FullTextIndex(TALES, database=database)
    VectorIndex(torch.eye(5), database)
    database.close()
    tables = {name for (name,) in connect(path).execute("select name from sqlite_master")}
    assert {"full_text", "vectors"} <= tables


def test_directions_are_the_leading_singular_vectors():
    rows = torch.randn(30, 12, generator=torch.Generator().manual_seed(0))
    found = directions(rows, 4)
    torch.testing.assert_close(found.T @ found, torch.eye(4))
    _, _, theirs = torch.linalg.svd(rows)
    torch.testing.assert_close(found @ found.T, theirs[:4].T @ theirs[:4])


def test_texts_without_a_common_word_can_be_near_if_their_words_keep_the_same_company():
    texts = ["car engine road"] * 3 + ["truck engine road"] * 3 + ["soup salt spoon"] * 3 + ["stew salt spoon"] * 3
    car, truck, soup = LatentSemantics(texts, 2).encode(["car", "truck", "soup"])
    assert car @ truck > 0.9
    assert abs(car @ soup) < 0.1
    assert not LatentSemantics(texts, 2).encode(["zebra"]).any()
    with pytest.raises(ValueError, match="d_model is at most"):
        LatentSemantics(texts, 100)


def test_fusion_prefers_what_two_rankings_like_to_what_one_loves():
    assert reciprocal_rank_fusion([[1, 2], [3, 2]])[0] == 2
    assert reciprocal_rank_fusion([[3, 1, 2]]) == [3, 1, 2]
    assert reciprocal_rank_fusion([[1], [2]], k=60) == [1, 2]


def test_recall_grows_with_k_and_counts_questions():
    found, right = [["a", "b"], ["c", "d"]], [{"b"}, {"c", "x"}]
    assert [recall_at_k(found, right, k) for k in (1, 2)] == [0.5, 1.0]
    with pytest.raises(ValueError, match="mean over questions"):
        recall_at_k([], [], 1)


def test_the_open_book_answers_from_the_first_text_that_settles_the_question_and_says_which():
    def search(question):
        return [Hit(2, 3.0), Hit(0, 1.0)]

    def read(number, question):
        return {0: "red", 2: "not said"}[number]

    assert open_book("colour?", search, read, "not said") == ("red", 0)
    assert open_book("colour?", lambda q: [Hit(2, 3.0)], read, "not said") == ("not said", None)
    assert open_book("colour?", lambda q: [], read, "not said") == ("not said", None)


def test_without_smoothing_one_first_place_is_worth_more_than_two_third_places():
    rankings = [[1, 4, 3], [5, 6, 3]]
    assert reciprocal_rank_fusion(rankings, k=0)[0] == 1
    assert reciprocal_rank_fusion(rankings, k=60)[0] == 3
