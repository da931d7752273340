import math

import pytest
import torch

from helpers.evaluation.frontier import best_of_n, frontier, limit_at, tilted

VALUES, COUNTS = torch.tensor([-1.0, 0.0, 1.5, 3.0]), torch.tensor([80, 60, 40, 20])
P = COUNTS.double() / COUNTS.sum()
# two prompts with the same 200 equally likely answers: the table is the whole distribution, nothing is sampled
WHOLE = VALUES.repeat_interleave(COUNTS).repeat(2, 1)
BETAS = [4.0, 2.0, 1.0, 0.7]


def exactly(beta):
    q = P * (VALUES / beta).exp().double()
    q = q / q.sum()
    return (q * (q / P).log()).sum().item(), (q * VALUES).sum().item(), q


@pytest.mark.parametrize("beta", BETAS)
def test_a_distribution_that_is_known_is_tilted_exactly(beta):
    point, (kl, reward, _) = tilted(WHOLE, beta), exactly(beta)
    assert point.kl == (pytest.approx(kl), pytest.approx(0, abs=1e-9))
    assert point.reward == (pytest.approx(reward, rel=1e-6), pytest.approx(0, abs=1e-9))


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_no_other_policy_has_more_reward_less_beta_times_kl(beta):
    kl, reward, best = exactly(beta)
    assert reward - beta * kl == pytest.approx(beta * math.log((P * (VALUES / beta).exp()).sum()))
    generator = torch.Generator().manual_seed(0)
    for noise in (3.0, 0.3, 0.03):
        for _ in range(20):
            q = best * (noise * torch.randn(4, generator=generator)).exp()
            q = q / q.sum()
            assert (q * VALUES).sum() - beta * (q * (q / P).log()).sum() < reward - beta * kl


def samples(n_prompts, n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return VALUES[torch.multinomial(P.expand(n_prompts, 4), n, replacement=True, generator=generator)]


def test_samples_find_the_exact_frontier_within_their_error():
    for beta, point in zip(BETAS, frontier(samples(100, 1000), BETAS), strict=True):
        kl, reward, _ = exactly(beta)
        assert abs(point.kl.value - kl) < 4 * point.kl.error
        assert abs(point.reward.value - reward) < 4 * point.reward.error
        assert 0 < point.reward.error < 0.02


def test_rewards_like_a_normal_distribution_move_by_one_over_beta():
    rewards = torch.randn(50, 4000, generator=torch.Generator().manual_seed(0))
    point = tilted(rewards, 2.0)
    assert point.reward.value == pytest.approx(1 / 2, abs=4 * point.reward.error)
    assert point.kl.value == pytest.approx(1 / 8, abs=4 * point.kl.error)


def test_the_frontier_rises_in_reward_and_kl_as_beta_falls():
    points = frontier(samples(30, 300), [8.0, 4.0, 2.0, 1.0, 0.7])
    kls, rewards = ([value[i].value for value in points] for i in (0, 1))
    assert kls == sorted(kls)
    assert rewards == sorted(rewards)
    gains = [(b - a) / (d - c) for a, b, c, d in zip(rewards, rewards[1:], kls, kls[1:], strict=False)]
    assert gains == sorted(gains, reverse=True)  # each further nat buys less


def test_the_reference_itself_is_the_frontiers_beginning():
    rewards = samples(30, 300)
    point = tilted(rewards, 1e6)
    assert point.kl.value == pytest.approx(0, abs=1e-9)
    assert point.reward.value == pytest.approx(rewards.mean().item(), abs=1e-4)


def test_every_prompt_is_tilted_by_itself():
    # the second prompt's answers are all worth 5 more: a policy cannot choose its prompts, so nothing is gained
    shifted = WHOLE + torch.tensor([[0.0], [5.0]])
    assert tilted(shifted, 0.7).kl.value == pytest.approx(tilted(WHOLE, 0.7).kl.value, rel=1e-6)
    assert tilted(shifted, 0.7).reward.value == pytest.approx(tilted(WHOLE, 0.7).reward.value + 2.5)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_best_of_n_is_the_mean_over_all_ways_to_take_n(n):
    rewards = torch.tensor([[3.0, -1.0, 0.5, 2.0], [0.0, 0.0, 1.0, 4.0]])
    chosen = torch.combinations(torch.arange(4), n)
    expected = rewards[:, chosen].amax(dim=2).mean(dim=1)
    point = best_of_n(rewards, n)
    assert point.reward.value == pytest.approx(expected.mean().item())
    assert point.reward.error == pytest.approx((expected[0] - expected[1]).abs().item() / 2)
    assert point.kl == (pytest.approx(math.log(n) - (n - 1) / n), 0)


def test_the_best_of_n_equally_spaced_rewards_is_n_of_n_plus_1():
    rewards = torch.linspace(0, 1, 1001).repeat(2, 1)
    for n in (1, 4, 16):
        assert best_of_n(rewards, n).reward.value == pytest.approx(n / (n + 1), abs=1e-3)


@pytest.mark.parametrize("rewards", [WHOLE, torch.randn(20, 500, generator=torch.Generator().manual_seed(1))])
def test_best_of_n_lies_under_the_frontier(rewards):
    for n in (2, 4, 8):
        point = best_of_n(rewards, n)
        assert point.reward.value < limit_at(rewards, point.kl.value).reward.value


def test_the_limit_at_a_kl_is_the_frontiers_point_there():
    kl, reward, _ = exactly(1.3)
    point = limit_at(WHOLE, kl)
    assert point.kl.value == pytest.approx(kl, abs=1e-6)
    assert point.reward.value == pytest.approx(reward, abs=1e-5)


def test_what_the_answers_cannot_tell_is_refused_in_words():
    with pytest.raises(ValueError, match=r"beta=0.05 .* among 60 a prompt .* draw more answers or raise beta"):
        tilted(torch.randn(5, 60, generator=torch.Generator().manual_seed(0)), 0.05)
    with pytest.raises(ValueError, match=r"nothing but the best answers is left at 2.3 nats, and kl=20.0"):
        limit_at(WHOLE, 20.0)
    with pytest.raises(ValueError, match="independent ones, and 10 are needed"):
        limit_at(torch.randn(5, 60, generator=torch.Generator().manual_seed(0)), 3.0)
    with pytest.raises(ValueError, match=r"from 1 to 200, got 201"):
        best_of_n(WHOLE, 201)
    with pytest.raises(ValueError, match=r"at least 2 prompts .* \(1, 9\)"):
        tilted(torch.zeros(1, 9), 1.0)
    with pytest.raises(ValueError, match="beta is above 0"):
        tilted(WHOLE, 0.0)
    with pytest.raises(ValueError, match="got kl=0"):
        limit_at(WHOLE, 0.0)
