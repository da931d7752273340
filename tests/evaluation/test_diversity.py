import math

import pytest
import torch

from helpers.evaluation.diversity import answer_entropy, distinct_n, ngrams, pairwise_overlap
from helpers.models import Decoder, DecoderConfig
from helpers.sampling import roll_out, written_log_probs

VARIED, SAME = [[1, 2, 3], [1, 2, 4]], [[5, 6, 7], [5, 6, 7]]


def test_runs_overlap_and_short_answers_have_none():
    assert ngrams([1, 2, 3], 2) == [(1, 2), (2, 3)]
    assert ngrams([1], 2) == []


def test_distinct_n_is_the_share_of_different_runs_by_hand():
    assert distinct_n([VARIED, SAME], 2).value == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert distinct_n([VARIED, SAME], 2).error == pytest.approx(1 / 8)
    assert distinct_n([VARIED, SAME], 1).value == pytest.approx((4 / 6 + 3 / 6) / 2)


def test_the_overlap_is_the_share_of_common_runs_by_hand():
    assert pairwise_overlap([VARIED, SAME], 2).value == pytest.approx((1 / 3 + 1) / 2)
    three = [[1, 2], [1, 2], [8, 9]]  # one pair of three is alike
    assert pairwise_overlap([three, SAME], 2).value == pytest.approx((1 / 3 + 1) / 2)
    with pytest.raises(ValueError, match="got one with 1"):
        pairwise_overlap([[[1, 2]]], 2)


def test_prompts_that_ask_for_different_answers_do_not_count_as_variety():
    collapsed = [[[i, i + 1, i + 2]] * 4 for i in range(10)]
    assert pairwise_overlap(collapsed, 2) == (1, 0)
    assert distinct_n(collapsed, 2).value == 1 / 4


def flat(std):
    model = Decoder(DecoderConfig(vocab_size=7, context_length=8, d_model=16, n_layers=1, n_heads=2))
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=std, generator=generator)
    return model.eval()


def test_a_policy_without_preference_has_log_v_nats_of_choice_a_token():
    rollout = roll_out(flat(0.0), [[1], [2, 3]], 4, stop=[])
    assert answer_entropy(flat(0.0), rollout).value == pytest.approx(4 * math.log(7), rel=1e-5)


@torch.no_grad()
def test_the_entropy_of_answers_is_the_mean_surprise_of_what_was_drawn():
    policy = flat(0.4)
    rollout = roll_out(policy, [[1, 2]] * 2000, 4, stop=[0], generator=torch.Generator().manual_seed(1))
    surprise = -written_log_probs(policy, rollout).sum(1)
    entropy = answer_entropy(policy, rollout)
    error = math.hypot(entropy.error, surprise.std().item() / math.sqrt(2000))
    assert abs(entropy.value - surprise.mean().item()) < 4 * error
    assert entropy.error < surprise.std().item() / math.sqrt(2000)
    assert entropy.value < 3.9 * math.log(7)
