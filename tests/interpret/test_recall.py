import torch

from helpers.interpret import recall_targets, weight_on

SAID = [("Leo", 2, 3), ("drum", 4, 6), ("Leo", 8, 9), ("Leo", 11, 12)]


def test_a_place_before_a_return_wants_every_earlier_mention_and_the_place_after_it():
    targets = recall_targets(SAID, 14)
    assert targets[7].nonzero().flatten().tolist() == [2, 3]
    assert targets[10].nonzero().flatten().tolist() == [2, 3, 8, 9]


def test_what_is_said_once_asks_for_nothing():
    targets = recall_targets(SAID, 14)
    assert targets.any(-1).nonzero().flatten().tolist() == [7, 10]


def test_a_target_never_lies_ahead():
    close = recall_targets([("Leo", 2, 3), ("Leo", 3, 4)], 5)  # the place after the first is the place that asks
    assert close.nonzero().tolist() == [[2, 2]]


def test_a_head_is_scored_by_its_weight_on_the_targets_alone():
    targets = recall_targets(SAID, 14)[None]
    weights = torch.zeros(1, 2, 14, 14)
    weights[0, 0, 7, 2], weights[0, 0, 7, 3], weights[0, 0, 10, 9] = 0.25, 0.5, 1.0
    weights[0, 1, :, 0] = 1.0  # looks at the start from everywhere
    torch.testing.assert_close(weight_on(weights, targets), torch.tensor([0.875, 0.0]))


def test_rows_of_a_batch_count_by_their_places():
    targets = torch.stack([recall_targets(SAID, 14), recall_targets(SAID[:3], 14)])
    weights = torch.zeros(2, 1, 14, 14)
    weights[1, 0, 7, 2] = 0.6
    torch.testing.assert_close(weight_on(weights, targets), torch.tensor([0.2]))
