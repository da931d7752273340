import pytest
import torch

from helpers.training.advantages import gae, token_rewards, whiten, written_mean

GAMMA, LAMBDA = 0.9, 0.8


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def written(n_columns, *spans):
    columns = torch.arange(n_columns)
    return torch.stack([(columns >= start) & (columns < end) for start, end in spans])


ROWS = written(6, (0, 6), (2, 5), (1, 2))


def test_three_tokens_by_hand():
    rewards, values = torch.tensor([[0.0, 1.0, 2.0]]), torch.tensor([[0.5, 1.0, 1.5]])
    last = 2.0 - 1.5
    middle = 1.0 + 0.9 * 1.5 - 1.0
    first = 0.0 + 0.9 * 1.0 - 0.5
    expected = [first + 0.72 * (middle + 0.72 * last), middle + 0.72 * last, last]
    found = gae(rewards, values, torch.ones(1, 3, dtype=torch.bool), GAMMA, LAMBDA)
    torch.testing.assert_close(found, torch.tensor([expected]))


def test_it_is_the_double_sum_over_surprises():
    rewards, values = random(3, 6), random(3, 6, seed=1)
    found = gae(rewards, values, ROWS, GAMMA, LAMBDA)
    for row, mask in enumerate(ROWS):
        places = mask.nonzero().flatten().tolist()
        for t in places:
            total = 0.0
            for s in (s for s in places if s >= t):
                after = values[row, s + 1] if s + 1 in places else 0.0
                total += (GAMMA * LAMBDA) ** (s - t) * (rewards[row, s] + GAMMA * after - values[row, s])
            torch.testing.assert_close(found[row, t], total)


def test_lambda_1_is_return_less_value():
    rewards, values = random(3, 6) * ROWS, random(3, 6, seed=1) * ROWS
    to_come = rewards.flip(1).cumsum(1).flip(1) * ROWS
    torch.testing.assert_close(gae(rewards, values, ROWS, 1.0, 1.0), to_come - values)


def test_lambda_0_is_the_surprise_at_this_token_alone():
    rewards, values = random(1, 4), random(1, 4, seed=1)
    after = torch.cat([values[:, 1:], torch.zeros(1, 1)], dim=1)
    found = gae(rewards, values, torch.ones(1, 4, dtype=torch.bool), GAMMA, 0.0)
    torch.testing.assert_close(found, rewards + GAMMA * after - values)


def test_prompt_and_padding_change_nothing():
    rewards, values = random(2, 3), random(2, 3, seed=1)
    alone = gae(rewards, values, torch.ones(2, 3, dtype=torch.bool), GAMMA, LAMBDA)
    noise = random(2, 8, seed=2)
    wide_rewards, wide_values = noise.clone(), noise.clone()
    wide_rewards[:, 2:5], wide_values[:, 2:5] = rewards, values
    wide = gae(wide_rewards, wide_values, written(8, (2, 5), (2, 5)), GAMMA, LAMBDA)
    torch.testing.assert_close(wide[:, 2:5], alone)
    assert wide.count_nonzero() == 6


def test_the_score_comes_at_the_last_token_and_the_penalty_at_each():
    log_probs, reference = torch.tensor([[0.0, -1.0, -2.0, 0.0]]), torch.tensor([[0.0, -1.5, -1.0, 0.0]])
    found = token_rewards(torch.tensor([3.0]), log_probs, reference, written(4, (1, 3)), kl_weight=0.2)
    torch.testing.assert_close(found, torch.tensor([[0.0, -0.2 * 0.5, 3.0 - 0.2 * -1.0, 0.0]]))


def test_a_rows_rewards_add_up_to_score_less_weighted_kl():
    log_probs, reference, scores = random(3, 6) * ROWS, random(3, 6, seed=1) * ROWS, random(3, seed=2)
    found = token_rewards(scores, log_probs, reference, ROWS, kl_weight=0.3)
    torch.testing.assert_close(found.sum(1), scores - 0.3 * (log_probs - reference).sum(1))


def test_whitened_numbers_have_mean_0_and_variance_1_whatever_stands_elsewhere():
    x = 7 + 3 * random(3, 6)
    found = whiten(x, ROWS)
    assert found[ROWS].mean().item() == pytest.approx(0, abs=1e-9)
    assert found[ROWS].var(correction=0).item() == pytest.approx(1)
    assert not found[~ROWS].any()
    torch.testing.assert_close(found, whiten(torch.where(ROWS, x, 1e6), ROWS))
    torch.testing.assert_close(written_mean(x, ROWS), x[ROWS].mean())


def test_numbers_that_are_all_equal_become_0():
    assert not whiten(torch.full((3, 6), 2.0), ROWS).any()
