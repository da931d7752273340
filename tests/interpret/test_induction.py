import torch

from helpers.interpret import induction_score, previous_token_score

IDS = torch.tensor([[7, 2, 5, 7, 2]])  # 7 comes again at place 3, 2 at place 4


def causal_map(*looks):
    """One head's map in which each place looks at one other."""
    return torch.eye(len(looks))[list(looks)][None, None]


def test_a_head_that_looks_at_what_followed_scores_one():
    assert induction_score(causal_map(0, 0, 0, 1, 2), IDS).tolist() == [1.0]


def test_looking_at_the_earlier_occurrence_itself_is_no_induction():
    assert induction_score(causal_map(0, 0, 0, 0, 1), IDS).tolist() == [0.0]


def test_an_even_look_scores_its_share():
    even = torch.ones(5, 5).tril()[None, None] / torch.arange(1.0, 6.0)[:, None]
    torch.testing.assert_close(induction_score(even, IDS), torch.tensor([(1 / 4 + 1 / 5) / 2]))


def test_weights_on_several_earlier_followers_add_up():
    ids = torch.tensor([[1, 4, 1, 5, 1]])
    weights = torch.zeros(1, 1, 5, 5)
    weights[0, 0, 2, 1] = 1.0
    weights[0, 0, 4] = torch.tensor([0.0, 0.3, 0.0, 0.7, 0.0])
    torch.testing.assert_close(induction_score(weights, ids), torch.tensor([1.0]))


def test_heads_are_scored_apart():
    both = torch.cat([causal_map(0, 0, 0, 1, 2), causal_map(0, 0, 1, 2, 3)], dim=1)
    assert induction_score(both, IDS).tolist() == [1.0, 0.0]
    torch.testing.assert_close(previous_token_score(both), torch.tensor([0.25, 1.0]))


def test_every_second_place_can_be_all_that_counts():
    ids = torch.tensor([[1, 8, 1, 8, 1, 8]])  # questions at even places
    looks = causal_map(0, 0, 1, 0, 1, 0)  # questions look at the first answer, answers at the first question
    assert induction_score(looks, ids, every=2).tolist() == [1.0]
    assert induction_score(looks, ids).tolist() == [0.5]
