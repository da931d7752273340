import copy
import math
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
import trl
from torch import nn

from helpers.models import Decoder, DecoderConfig, ScalarHead
from helpers.sampling import Rollout, roll_out, written_log_probs
from helpers.training.advantages import written_mean
from helpers.training.optimizers import adamw
from helpers.training.ppo import (
    Experience,
    PPOSettings,
    adapted,
    clipped_gain,
    experience,
    policy_loss,
    ppo,
    score_scale,
    value_loss,
)

CONFIG = DecoderConfig(vocab_size=8, context_length=16, d_model=16, n_layers=1, n_heads=2)
WANTED, STOP = 5, 0


def seen_as(log_probs, advantages, values=None, returns=None, is_written=None):
    """An experience of which only these numbers matter."""
    rows, columns = log_probs.shape
    mask = torch.ones(rows, columns, dtype=torch.bool) if is_written is None else is_written
    is_written = torch.cat([torch.zeros(rows, 1, dtype=torch.bool), mask], dim=1)
    rollout = Rollout(torch.zeros(rows, columns + 1, dtype=torch.long), is_written)
    zeros = torch.zeros(rows, columns)
    values, returns = zeros if values is None else values, zeros if returns is None else returns
    return Experience(rollout, torch.zeros(rows), torch.zeros(rows), log_probs, values, advantages, returns)


def test_at_ratio_1_the_loss_is_the_mean_advantage_with_its_sign_turned():
    log_probs, advantages = torch.log(torch.tensor([[0.5, 0.1, 0.3]])), torch.tensor([[1.0, -2.0, 4.0]])
    seen = seen_as(log_probs, advantages, is_written=torch.tensor([[True, True, False]]))
    torch.testing.assert_close(policy_loss(log_probs, seen, clip=0.2), torch.tensor(0.5))


def test_three_tokens_by_hand():
    old = torch.log(torch.tensor([[0.2, 0.4, 0.5]]))
    new = torch.log(torch.tensor([[0.4, 0.2, 0.55]]))  # ratios 2, 0.5 and 1.1
    advantages = torch.tensor([[1.0, -1.0, 3.0]])
    torch.testing.assert_close(clipped_gain(new, old, advantages, 0.2), torch.tensor([[1.2, -0.8, 3.3]]))
    torch.testing.assert_close(policy_loss(new, seen_as(old, advantages), 0.2), torch.tensor(-3.7 / 3))


@pytest.mark.parametrize(
    ("advantage", "ratio", "pulls"),
    [(1.0, 1.3, False), (1.0, 0.7, True), (-1.0, 1.3, True), (-1.0, 0.7, False), (1.0, 1.1, True), (-1.0, 0.9, True)],
)
def test_past_the_clip_a_good_token_stops_pulling_and_a_bad_one_goes_on(advantage, ratio, pulls):
    old = torch.tensor([[-1.0]])
    new = (old + math.log(ratio)).requires_grad_()
    policy_loss(new, seen_as(old, torch.tensor([[advantage]])), clip=0.2).backward()
    assert new.grad.item() == pytest.approx(-advantage * ratio if pulls else 0.0)


def test_a_value_past_its_clip_has_the_larger_of_two_errors_and_no_gradient():
    values = torch.tensor([[1.1, 1.5, 0.0]], requires_grad=True)
    old, returns = torch.tensor([[1.0, 1.0, 1.0]]), torch.tensor([[2.0, 2.0, 2.0]])
    loss = value_loss(values, seen_as(old, old, old, returns), value_clip=0.2)
    loss.backward()
    # near: its own error 0.9²; moved towards the return past the clip: that of 1.2; moved away: its own, 2²
    torch.testing.assert_close(loss, torch.tensor(0.5 * (0.81 + 0.64 + 4.0) / 3))
    torch.testing.assert_close(values.grad, torch.tensor([[-0.9, 0.0, -2.0]]) / 3)


def test_without_a_value_clip_it_is_half_the_squared_error():
    values, returns = torch.tensor([[3.0, -1.0]]), torch.tensor([[1.0, 1.0]])
    loss = value_loss(values, seen_as(values * 0, values, values * 0, returns), math.inf)
    torch.testing.assert_close(loss, torch.tensor(2.0))


def test_the_price_of_kl_moves_by_zieglers_formula():
    assert adapted(0.1, 6.0, None) == 0.1
    assert adapted(0.1, 6.6, 6.0) == pytest.approx(0.1 * (1 + 0.1 * 0.1))
    assert adapted(0.1, 60.0, 6.0) == pytest.approx(0.1 * 1.02)
    assert adapted(0.1, 0.0, 6.0) == pytest.approx(0.1 * 0.98)
    assert adapted(0.1, 6.0, 6.0) == 0.1


def test_scores_are_measured_in_deviations_of_the_first_ones():
    scores = torch.tensor([1.0, 2.0, 6.0])
    mean, deviation = score_scale(scores)
    assert (mean, deviation) == (3.0, pytest.approx(7**0.5))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(clip=0.0), "clip must be above 0, got 0"),
        (dict(gae_lambda=1.2), "gae_lambda weighs"),
        (dict(kl_weight=-0.1), "kl_weight is a price"),
        (dict(minibatch_rows=0), "at least 1"),
        (dict(kl_weight=0.0, kl_target=3.0), "cannot begin at 0"),
    ],
)
def test_senseless_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        PPOSettings(**wrong)


def share(rollout):
    """Which part of an answer is the wanted token."""
    return ((rollout.ids == WANTED) & rollout.is_written).sum(1) / rollout.is_written.sum(1)


def new_models():
    torch.manual_seed(0)
    policy = Decoder(CONFIG)
    return policy, copy.deepcopy(policy), ScalarHead(copy.deepcopy(policy))


def run(reward=share, n=12, lr=1e-2, seed=0, models=None, **settings):
    policy, reference, critic = models or new_models()
    optimizer = adamw(nn.ModuleList([policy, critic]), lr, weight_decay=0.0)
    chosen = PPOSettings(**{"kl_weight": 0.02, **settings})
    steps = ppo(
        policy, reference, critic, reward, lambda _: [[1, 2], [3]] * 16, optimizer, chosen,
        n_iterations=n, stop=[STOP], n_new=8, seed=seed,
    )  # fmt: skip
    return list(steps)


@pytest.fixture(scope="module")
def learned():
    return run()


def late(records):
    return sum(r["score"] for r in records[-3:]) / 3


def test_a_policy_learns_to_write_the_wanted_token_and_the_critic_to_expect_it(learned):
    assert learned[0]["score"] < 0.2
    assert late(learned) > 0.5
    assert learned[0]["kl"] == 0
    assert learned[-1]["kl"] > 2
    assert learned[-1]["entropy"] < learned[0]["entropy"]
    assert learned[0]["explained_variance"] == 0  # the head begins at 0
    assert learned[-1]["explained_variance"] > 0.4


def test_a_score_that_belongs_to_another_answer_teaches_nothing():
    true = []

    def shuffled(rollout):
        scores = share(rollout)
        true.append(scores.mean().item())
        return scores[torch.randperm(len(scores), generator=torch.Generator().manual_seed(len(true)))]

    run(shuffled)
    assert sum(true[-3:]) / 3 < 0.25


def test_a_score_that_is_the_same_for_all_does_not_raise_the_share():
    shares = []

    def equal(rollout):
        shares.append(share(rollout).mean().item())
        return torch.ones(len(rollout))

    run(equal)
    assert sum(shares[-3:]) / 3 < 0.25


def test_random_steps_as_long_as_the_learned_ones_do_not_raise_the_share():
    models = new_models()
    start = copy.deepcopy(models[0])
    run(models=models)
    shares = []
    for seed in range(8):
        chance = torch.Generator().manual_seed(seed)
        moved = copy.deepcopy(start)
        for mine, to, at in zip(moved.parameters(), models[0].parameters(), start.parameters(), strict=True):
            step = torch.randn(mine.shape, generator=chance)
            mine.data += step * (to - at).norm() / step.norm()
        rollout = roll_out(moved, [[1, 2], [3]] * 16, 8, stop=[STOP], generator=chance)
        shares.append(share(rollout).mean().item())
    assert sum(shares) / 8 < 0.3


def test_a_high_price_of_kl_keeps_the_policy_near_the_reference(learned):
    kept = run(kl_weight=3.0)
    assert max(abs(r["kl"]) for r in kept) < 0.5
    assert late(kept) < late(learned) / 2


def test_an_adaptive_price_rises_while_kl_is_above_its_target_and_falls_below_it():
    prices = [r["kl_weight"] for r in run(n=4, kl_weight=0.1, kl_target=100.0)]
    assert prices == pytest.approx([0.1 * 0.98**i for i in range(4)])
    records = run(n=10, kl_weight=0.1, kl_target=0.5)
    for now, then in pairwise(records):
        assert then["kl_weight"] == adapted(now["kl_weight"], now["kl"], 0.5)
    assert records[-1]["kl_weight"] > min(r["kl_weight"] for r in records)


def test_the_same_seed_gives_the_same_run_and_another_another(learned):
    def without_time(records):
        return [{k: v for k, v in r.items() if k != "seconds"} for r in records]

    assert without_time(run()) == without_time(learned)
    assert without_time(run(n=1, seed=1)) != without_time(learned[:1])


def test_normalised_scores_teach_the_same_whatever_their_unit():
    normal = run(n=6, normalise_scores=True)
    scaled = run(lambda rollout: 100 * share(rollout) - 7, n=6, normalise_scores=True)
    assert [r["kl"] for r in scaled] == pytest.approx([r["kl"] for r in normal], abs=1e-3)
    assert scaled[0]["score"] == pytest.approx(100 * normal[0]["score"] - 7, abs=1e-4)


def test_experience_puts_each_value_before_its_token():
    policy, reference, critic = new_models()
    nn.init.normal_(critic.head.weight)
    rollout = Rollout.of([[1, 2], [3]], [[4, 5, STOP], [6, STOP]], fill=STOP)
    scores = torch.tensor([2.0, -1.0])
    seen = experience(policy, reference, critic, rollout, scores, 0.1, PPOSettings(gae_lambda=1.0, whiten=False))
    expected = critic(rollout.ids)
    torch.testing.assert_close(seen.values[0, 1:4], expected[0, 1:4])
    torch.testing.assert_close(seen.values[1, 0:2], expected[1, 0:2])
    # the reference is the policy, so all there is to come is the score
    torch.testing.assert_close(seen.returns, scores[:, None] * seen.is_written)
    torch.testing.assert_close(seen.log_probs, written_log_probs(policy, rollout))


def test_a_run_whose_loss_is_no_number_stops_before_it_reaches_the_weights():
    models = new_models()
    before = copy.deepcopy(models[0].state_dict())
    with pytest.raises(FloatingPointError, match="lower learning rate"):
        run(lambda rollout: torch.full((len(rollout),), math.nan), n=1, models=models)
    assert all(torch.equal(before[name], value) for name, value in models[0].state_dict().items())


def trls_loss(log_probs, old_log_probs, advantages, mask, clip):
    """TRL's clipped objective, averaged over all tokens, from numbers in place of a model."""
    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (log_probs, torch.zeros_like(log_probs), None),
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None,
        importance_sampling_level="token", beta=0.0, loss_type="bnpo", epsilon_low=clip, epsilon_high=clip,
        args=SimpleNamespace(delta=None), use_vllm=False, model=SimpleNamespace(training=True),
        current_gradient_accumulation_steps=1, _entropy_bonus_enabled=False,
        _metrics={"train": {name: [] for name in (
            "entropy", "clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/region_mean",
            "clip_ratio/low_min", "clip_ratio/high_max",
        )}},
        accelerator=SimpleNamespace(reduce=lambda x, **_: x, gather=lambda x: x),
    )  # fmt: skip
    ids = torch.zeros_like(mask)
    inputs = {
        "prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1] + 1, "completion_ids": ids, "completion_mask": mask,
        "advantages": advantages, "old_per_token_logps": old_log_probs,
    }  # fmt: skip
    return trl.GRPOTrainer._compute_loss(trainer, None, inputs)


@pytest.mark.equals("helpers.training.ppo.policy_loss", "trl.GRPOTrainer", "clipped loss and its gradient")
def test_the_clipped_loss_with_an_advantage_a_token_is_trls():
    chance = torch.Generator().manual_seed(0)
    old = -torch.rand(4, 6, generator=chance)
    new = old + 0.4 * torch.randn(4, 6, generator=chance)
    advantages = torch.randn(4, 6, generator=chance)
    mask = torch.rand(4, 6, generator=chance) < 0.7
    ours, theirs = new.clone().requires_grad_(), new.clone().requires_grad_()
    our_loss = policy_loss(ours, seen_as(old, advantages, is_written=mask), 0.2)
    their_loss = trls_loss(theirs, old, advantages, mask.long(), 0.2)
    torch.testing.assert_close(our_loss, their_loss)
    our_loss.backward()
    their_loss.backward()
    torch.testing.assert_close(ours.grad, theirs.grad)
    assert not torch.allclose(our_loss, -written_mean((new - old).exp() * advantages, mask))  # some were clipped
