import copy
import math
from types import SimpleNamespace

import pytest
import torch
import trl

from helpers.models import Decoder, DecoderConfig
from helpers.sampling import Rollout, written_log_probs
from helpers.training.grpo import GroupBatch, GroupBatches, group_advantages, grpo_loss, k3, sequence_mean
from helpers.training.loop import train
from helpers.training.optimizers import adamw

CONFIG = DecoderConfig(vocab_size=8, context_length=16, d_model=16, n_layers=1, n_heads=2)
WANTED, STOP = 5, 0


def share(rollout):
    """Which part of an answer is the wanted token."""
    return ((rollout.ids == WANTED) & rollout.is_written).sum(1) / rollout.is_written.sum(1)


def new_policy(seed=0):
    torch.manual_seed(seed)
    policy = Decoder(CONFIG)
    for parameter in policy.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return policy


def batches_of(policy, reward=share, **more):
    return GroupBatches(policy, reward, lambda _: [[1, 2], [3], [4, 4], [6]], 8, stop=[STOP], n_new=8, **more)


def test_a_group_is_measured_against_its_own_mean_and_deviation():
    found = group_advantages(torch.tensor([1.0, 0.0, 0.0, 1.0, 5.0, 5.0, 5.0, 9.0]), 4)
    # deviations of the samples: √(1/3) and 2
    right, most = 0.5 / (math.sqrt(1 / 3) + 1e-4), 3 / 2.0001
    expected = torch.tensor([right, -right, -right, right, -most / 3, -most / 3, -most / 3, most])
    torch.testing.assert_close(found, expected)


def test_a_group_that_scores_alike_teaches_nothing():
    assert not group_advantages(torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]), 3).any()
    policy = new_policy()
    batch = batches_of(policy, lambda rollout: torch.ones(len(rollout)))[0]
    grpo_loss(policy, kl_weight=0.0)(policy, batch).backward()
    assert not any(parameter.grad.any() for parameter in policy.parameters())


def test_k3_is_never_negative_and_right_on_average():
    chance = torch.Generator().manual_seed(0)
    log_p, log_q = (torch.randn(1, 50, generator=chance, dtype=torch.float64).log_softmax(-1) for _ in range(2))
    estimates = k3(log_p, log_q)
    assert (estimates > 0).all()
    assert (log_p - log_q).min() < 0  # the plain log-ratio is negative for some tokens
    exact = (log_p.exp() * (log_p - log_q)).sum()
    torch.testing.assert_close((log_p.exp() * estimates).sum(), exact)
    assert not k3(log_p, log_p).any()


def test_k3_by_hand():
    found = k3(torch.log(torch.tensor([[0.5, 0.2, 0.4]])), torch.log(torch.tensor([[0.25, 0.4, 0.4]])))
    expected = [0.5 - 1 + math.log(2), 2 - 1 - math.log(2), 0.0]
    torch.testing.assert_close(found, torch.tensor([expected]))


def hand_batch():
    """Two answers, of two tokens and of one, and models that have met them with known probabilities."""
    rollout = Rollout.of([[1], [1]], [[2, STOP], [STOP]], fill=STOP)
    old = torch.log(torch.tensor([[0.5, 0.5], [0.5, 1.0]])) * rollout.is_written[:, 1:]
    return GroupBatch(rollout, torch.tensor([1.0, 0.0]), torch.tensor([1.0, -1.0]), old)


class Known(torch.nn.Module):
    """A model that gives token 2, then the stop, these probabilities, whatever it reads."""

    def __init__(self, first, second, only):
        super().__init__()
        logits = torch.full((2, 2, 8), -1e9)
        for row, column, token, p in [(0, 0, 2, first), (0, 1, STOP, second), (1, 0, STOP, only)]:
            logits[row, column, token], logits[row, column, 7] = math.log(p), math.log(1 - p)
        self.logits = logits

    def forward(self, ids):
        return self.logits


def test_three_tokens_by_hand():
    policy, reference = Known(0.7, 0.45, 0.4), Known(0.35, 0.45, 0.8)  # ratios 1.4, 0.9 and 0.8
    gains = [1.2, 0.9, -0.8]
    penalties = [0.5 - 1 + math.log(2), 0.0, 2 - 1 - math.log(2)]
    a, b, c = (gain - 0.1 * penalty for gain, penalty in zip(gains, penalties, strict=True))
    for normalise, expected in [("sequence", -((a + b) / 2 + c) / 2), ("token", -(a + b + c) / 3)]:
        loss = grpo_loss(reference, kl_weight=0.1, clip=0.2, normalise=normalise)
        torch.testing.assert_close(loss(policy, hand_batch()), torch.tensor(expected))


def test_by_sequence_a_token_of_a_long_answer_counts_for_less_and_by_token_for_as_much():
    policy = new_policy()
    long, short = [2] * 7 + [STOP], [2, STOP]
    rollout = Rollout.of([[1], [1]], [long, short], fill=STOP)
    weights = {}
    for normalise in ("sequence", "token"):
        log_probs = written_log_probs(policy, rollout).detach().requires_grad_()
        batch = GroupBatch(rollout, torch.zeros(2), torch.tensor([-1.0, -1.0]), log_probs.detach())
        loss = grpo_loss(policy, kl_weight=0.0, normalise=normalise)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("helpers.training.grpo.written_log_probs", lambda *_, of=log_probs: of)
            loss(policy, batch).backward()
        weights[normalise] = (log_probs.grad[0, 0] / log_probs.grad[1, 0]).item()
    assert weights == {"sequence": pytest.approx(2 / 8), "token": pytest.approx(1)}


def test_answers_to_one_prompt_stand_together_and_fresh_policies_write_anew():
    policy = new_policy()
    batches = batches_of(policy)
    batch = batches[0]
    assert batch.rollout.ids[:8, :2].tolist() == [[1, 2]] * 8
    assert batch.rollout.ids[8:16, 0].tolist() == [3] * 8
    assert batches.latest is batch
    torch.testing.assert_close(batch.scores, share(batch.rollout))
    torch.testing.assert_close(batch.log_probs, written_log_probs(policy, batch.rollout))
    assert torch.equal(batches[0].rollout.ids, batch.rollout.ids)
    assert not torch.equal(batches_of(new_policy(1))[0].rollout.ids, batch.rollout.ids)


def test_a_rollout_serves_as_many_steps_as_was_said():
    batches = batches_of(new_policy(), n_updates=2)
    first, second, third = batches[0], batches[1], batches[2]
    assert first is second
    assert third is not second


def learn(reward=share, seed=0, kl_weight=0.0, n_updates=1, n_steps=24):
    policy, true = new_policy(), []

    def noting(rollout):
        true.append(share(rollout).mean().item())
        return reward(rollout)

    batches = batches_of(policy, noting, seed=seed, n_updates=n_updates)
    loss = grpo_loss(copy.deepcopy(policy), kl_weight)
    records = list(train(policy, batches, loss, adamw(policy, 1e-2, 0.0), lambda _: 1.0, n_steps))
    return true, records, policy, batches


def end(shares):
    return sum(shares[-3:]) / 3


@pytest.mark.parametrize("n_updates", [1, 2])
def test_the_ordinary_loop_teaches_the_wanted_token(n_updates):
    true, records, _, _ = learn(n_updates=n_updates)
    assert true[0] < 0.25
    assert end(true) > 0.5
    assert all(record["tokens"] <= 8 * 32 for record in records)


def test_scores_shuffled_within_their_group_teach_nothing():
    chance = torch.Generator().manual_seed(0)

    def shuffled(rollout):
        return share(rollout).view(4, 8)[:, torch.randperm(8, generator=chance)].flatten()

    true = learn(shuffled)[0]
    assert end(true) < 0.3


def test_the_same_seed_gives_the_same_run_and_another_another():
    runs = [[record["loss"] for record in learn(seed=seed, n_steps=3)[1]] for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_a_high_kl_weight_keeps_the_policy_at_its_reference():
    def drift(kl_weight):
        _, _, policy, batches = learn(kl_weight=kl_weight)
        mask = batches.latest.rollout.is_written[:, 1:]
        with torch.no_grad():
            now, then = (written_log_probs(model, batches.latest.rollout) for model in (policy, new_policy()))
        return sequence_mean(k3(now, then), mask).item()

    assert drift(5.0) < drift(0.0) / 10


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(dict(group_size=1), "at least 2"), (dict(group_size=4, n_updates=0), "at least 1")],
)
def test_senseless_batches_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        GroupBatches(new_policy(), share, lambda _: [[1]], stop=[STOP], n_new=4, **wrong)


def test_an_unknown_word_is_told_the_known_ones():
    with pytest.raises(ValueError, match="sequence, token, got 'answer'"):
        grpo_loss(new_policy(), normalise="answer")


def trls_loss(log_probs, batch, reference_log_probs, kl_weight, loss_type):
    """TRL's loss from numbers in place of a model; both our words are one of its loss types."""
    names = ("low_mean", "high_mean", "region_mean", "low_min", "high_max")
    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (log_probs, torch.zeros_like(log_probs), None),
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None,
        importance_sampling_level="token", beta=kl_weight, loss_type=loss_type, epsilon_low=0.2, epsilon_high=0.2,
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False, steps_per_generation=1), use_vllm=False,
        model=SimpleNamespace(training=True), current_gradient_accumulation_steps=1, _entropy_bonus_enabled=False,
        _metrics={"train": {name: [] for name in ("kl", "entropy", *(f"clip_ratio/{name}" for name in names))}},
        accelerator=SimpleNamespace(reduce=lambda x, **_: x, gather=lambda x: x, num_processes=1),
    )  # fmt: skip
    mask = batch.rollout.is_written[:, 1:].long()
    inputs = {
        "prompt_ids": mask[:, :1], "prompt_mask": mask[:, :1], "completion_ids": mask, "completion_mask": mask,
        "advantages": batch.advantages, "old_per_token_logps": batch.log_probs,
        "ref_per_token_logps": reference_log_probs, "num_items_in_batch": mask.sum(),
    }  # fmt: skip
    return trl.GRPOTrainer._compute_loss(trainer, None, inputs)


@pytest.mark.equals("helpers.training.grpo.grpo_loss", "trl.GRPOTrainer", "loss and gradient, by sequence and by token")
@pytest.mark.parametrize(("normalise", "loss_type"), [("sequence", "grpo"), ("token", "bnpo"), ("token", "dapo")])
def test_the_loss_is_trls(normalise, loss_type):
    policy, reference = new_policy(), new_policy(2)
    batch = batches_of(new_policy())[0]
    chance = torch.Generator().manual_seed(1)
    for parameter in policy.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=chance)
    ours = grpo_loss(reference, kl_weight=0.1, normalise=normalise)(policy, batch)
    log_probs = written_log_probs(policy, batch.rollout)
    ratio = (log_probs - batch.log_probs).exp()
    assert (ratio > 1.2).any()
    assert (ratio < 0.8).any()
    theirs = trls_loss(log_probs, batch, written_log_probs(reference, batch.rollout).detach(), 0.1, loss_type)
    torch.testing.assert_close(ours, theirs)
    gradients = [torch.autograd.grad(loss, list(policy.parameters())) for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients)
