import itertools
import math

import pytest
import torch

from helpers.evaluation.kl import best_of_n_kl, kl_to_reference, sampled_kl
from helpers.models import Decoder, DecoderConfig
from helpers.sampling import Rollout, roll_out, written_log_probs

PROMPT, N_NEW, STOP, VOCABULARY = [1, 4], 3, 0, 5


def decoder(seed, std):
    model = Decoder(DecoderConfig(vocab_size=VOCABULARY, context_length=8, d_model=16, n_layers=1, n_heads=2))
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=std, generator=generator)
    return model.eval()


@pytest.fixture(scope="module")
def policy():
    return decoder(0, 0.4)


@pytest.fixture(scope="module")
def reference():
    return decoder(1, 0.3)


@pytest.fixture(scope="module")
def rollout(policy):
    return roll_out(policy, [PROMPT] * 2000, N_NEW, stop=[STOP], generator=torch.Generator().manual_seed(5))


def all_answers():
    """Every answer that can be written: up to three tokens, none after the stop."""
    rows = itertools.chain.from_iterable(itertools.product(range(VOCABULARY), repeat=n) for n in range(1, N_NEW + 1))
    return [list(row) for row in rows if STOP not in row[:-1] and (row[-1] == STOP or len(row) == N_NEW)]


@torch.no_grad()
def exact_kl(policy, reference):
    answers = all_answers()
    every = Rollout.of([PROMPT] * len(answers), answers, fill=STOP)
    ours, theirs = (written_log_probs(model, every).sum(1).double() for model in (policy, reference))
    torch.testing.assert_close(ours.exp().sum(), torch.tensor(1.0, dtype=torch.float64), atol=1e-6, rtol=0)
    return (ours.exp() * (ours - theirs)).sum().item()


def test_both_estimates_hit_the_exact_divergence_within_their_errors(policy, reference, rollout):
    exact = exact_kl(policy, reference)
    for estimate in (sampled_kl(policy, reference, rollout), kl_to_reference(policy, reference, rollout)):
        assert abs(estimate.value - exact) < 4 * estimate.error
        assert estimate.error < 0.1 * exact


def test_exact_steps_leave_less_noise_than_the_drawn_ratio(policy, reference, rollout):
    drawn, steps = sampled_kl(policy, reference, rollout), kl_to_reference(policy, reference, rollout)
    assert steps.error < 0.7 * drawn.error


def test_an_answer_of_one_token_has_no_noise_at_all_when_steps_are_exact(policy, reference):
    one = roll_out(policy, [PROMPT] * 50, 1, stop=[STOP], generator=torch.Generator().manual_seed(2))
    steps = kl_to_reference(policy, reference, one)
    assert steps.error < 1e-6
    with torch.no_grad():
        ours, theirs = (model(torch.tensor([PROMPT]))[0, -1].log_softmax(-1) for model in (policy, reference))
    assert steps.value == pytest.approx((ours.exp() * (ours - theirs)).sum().item(), rel=1e-4)
    assert sampled_kl(policy, reference, one).error > 0.01


def test_a_policy_is_no_distance_from_itself(policy, rollout):
    assert sampled_kl(policy, policy, rollout) == (0, 0)
    assert kl_to_reference(policy, policy, rollout) == (0, 0)


def test_prompts_and_padding_cost_nothing(policy, reference):
    answers = [[2, 0], [3, 1, 2]]
    narrow = Rollout.of([PROMPT] * 2, answers, fill=0)
    wide = Rollout(
        torch.nn.functional.pad(narrow.ids, (0, 2), value=3), torch.nn.functional.pad(narrow.is_written, (0, 2))
    )
    for estimate in (sampled_kl, kl_to_reference):
        assert estimate(policy, reference, wide) == pytest.approx(estimate(policy, reference, narrow), rel=1e-4)


def test_the_best_of_n_of_many_equally_likely_answers_is_log_n_less_almost_one_away():
    n_answers, n = 20_000, 4
    rank = torch.arange(1, n_answers + 1, dtype=torch.float64) / n_answers
    best = rank**n - (rank - 1 / n_answers) ** n  # all n draws at most here, less all of them below
    assert (best * (best * n_answers).log()).sum().item() == pytest.approx(best_of_n_kl(n), abs=1e-3)
    assert best_of_n_kl(1) == 0


@pytest.mark.parametrize("shares", [[0.9, 0.1], [0.25, 0.25, 0.5]])
def test_with_few_answers_the_best_of_n_goes_less_far(shares):
    below = torch.tensor([0.0, *shares], dtype=torch.float64).cumsum(0)
    best = below[1:] ** 4 - below[:-1] ** 4
    exact = (best * (best / torch.tensor(shares, dtype=torch.float64)).log()).sum().item()
    assert exact < best_of_n_kl(4) == math.log(4) - 0.75
    with pytest.raises(ValueError, match="got n=0"):
        best_of_n_kl(0)
