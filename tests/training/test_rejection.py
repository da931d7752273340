import copy

import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.sampling import Rollout, roll_out, written_log_probs
from helpers.training import adamw, next_token_loss, train
from helpers.training.dpo import dpo_loss, with_reference
from helpers.training.rejection import AnswerBatches, answer_batch, best_of, compared, draw_best, rounds

STOP, WANTED = 3, 5
PROMPTS = [[1], [2, 4], [7]]


@pytest.fixture
def policy():
    model = Decoder(DecoderConfig(vocab_size=11, context_length=16, d_model=16, n_layers=1, n_heads=2))
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return model


def chance(seed):
    return torch.Generator().manual_seed(seed)


def share_wanted(rollout):
    """The share of one token among what was written."""
    return ((rollout.ids == WANTED) & rollout.is_written).sum(1) / rollout.is_written.sum(1)


def test_the_best_of_every_n_is_kept_and_ties_go_to_the_first():
    rollout = Rollout.of([[0]] * 6, [[i] for i in range(6)], fill=0)
    kept = best_of(rollout, torch.tensor([1.0, 3.0, 2.0, 5.0, 5.0, 4.0]), 3)
    assert kept.answers() == [[1], [3]]
    with pytest.raises(ValueError, match="n=4 answers, one after another, got 6"):
        best_of(rollout, torch.zeros(6), 4)


def test_each_prompt_keeps_one_answer_and_none_of_its_own_draws_was_better(policy):
    kept = draw_best(policy, PROMPTS, 8, 6, share_wanted, stop=[STOP], generator=chance(1))
    drawn = roll_out(policy, [p for p in PROMPTS for _ in range(8)], 6, stop=[STOP], generator=chance(1))
    for i, (prompt, row) in enumerate(zip(PROMPTS, kept.ids.tolist(), strict=True)):
        assert row[: len(prompt)] == prompt
        assert share_wanted(kept)[i] == share_wanted(drawn[8 * i : 8 * i + 8]).max()
    assert share_wanted(kept).mean() > share_wanted(drawn).mean()


def test_only_answers_are_imitated(policy):
    rollout = Rollout.of([[1, 2], [7]], [[4, 5, 3], [9, 3]], fill=0)
    batch = answer_batch(rollout)
    assert batch.targets.tolist() == [[-100, 4, 5, 3], [9, 3, -100, -100]]
    assert batch.n_tokens == rollout.n_tokens
    expected = -written_log_probs(policy, rollout).sum() / rollout.n_tokens
    torch.testing.assert_close(next_token_loss(policy, batch), expected)


def reward_after_imitating_the_best_of(n, policy):
    policy = copy.deepcopy(policy)
    best = draw_best(policy, PROMPTS * 20, n, 6, share_wanted, stop=[STOP], generator=chance(2))
    for _ in train(policy, AnswerBatches(best, 30), next_token_loss, adamw(policy, 3e-3), lambda _: 1.0, 25):
        pass
    return share_wanted(roll_out(policy, PROMPTS * 200, 6, stop=[STOP], generator=chance(3))).mean()


def test_imitating_the_best_raises_the_reward_and_imitating_any_answer_does_not(policy):
    before = share_wanted(roll_out(policy, PROMPTS * 200, 6, stop=[STOP], generator=chance(3))).mean()
    assert reward_after_imitating_the_best_of(8, policy) > 2 * before
    assert reward_after_imitating_the_best_of(1, policy) < 1.5 * before


def test_batches_are_the_same_whenever_they_are_asked_for():
    answers = Rollout.of([[0]] * 9, [[i] for i in range(9)], fill=0)
    batches = AnswerBatches(answers, 4, seed=1)
    assert torch.equal(batches[3].targets, batches[3].targets)
    assert not torch.equal(batches[3].targets, batches[4].targets)
    with pytest.raises(ValueError, match="picks from 9 answers, got batch_size=10"):
        AnswerBatches(answers, 10)


def test_of_each_pair_the_labelers_choice_is_chosen():
    pairs = Rollout.of([[0], [0], [1], [1]], [[5], [6], [7], [8]], fill=0)
    chosen, rejected = compared(pairs, torch.tensor([True, False]))
    assert chosen.answers() == [[5], [8]]
    assert rejected.answers() == [[6], [7]]
    with pytest.raises(ValueError, match="got 4 answers, 3 choices"):
        compared(pairs, torch.tensor([True, False, True]))


def test_every_round_compares_what_the_present_policy_writes(policy):
    reference = Decoder(policy.config)
    reference.load_state_dict(policy.state_dict())
    prompts, asked = [p for p in PROMPTS * 20 for _ in range(2)], []

    def write(number):
        asked.append(number)
        return roll_out(policy, prompts, 6, stop=[STOP], generator=chance(number))

    def prefers_first(pairs):
        share = share_wanted(pairs)
        return share[0::2] >= share[1::2]

    def learn(chosen, rejected):
        batch = with_reference(reference, chosen, rejected)
        for _ in train(policy, [batch] * 10, dpo_loss(0.1), adamw(policy, 3e-3), lambda _: 1.0, 10):
            pass

    done = list(rounds(write, prefers_first, learn, 3))
    assert [one.n_done for one in done] == [1, 2, 3]
    assert asked == [0, 1, 2]
    means = [torch.cat([share_wanted(one.chosen), share_wanted(one.rejected)]).mean() for one in done]
    assert means[0] < means[1] < means[2]
    assert all((share_wanted(one.chosen) >= share_wanted(one.rejected)).all() for one in done)
