"""Group relative policy optimisation: an answer is as good as it is better than the others to the same question.

The mean of a group of answers takes the critic's place, so there is nothing to train but the policy, and the loop is
`train`: its batches are written by the policy itself, when they are asked for.

Source: Shao et al. 2024, "DeepSeekMath", arXiv:2402.03300, equation 3 (objective), equation 4 (KL) and section 4.1.2
(advantages); "token" in place of "sequence": Yu et al. 2025, "DAPO", arXiv:2503.14476, section 3.3, and for the bias it
mends Liu et al. 2025, "Understanding R1-Zero-Like Training", arXiv:2503.20783, section 3.1.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from helpers.models import Decoder
from helpers.sampling import Rollout, roll_out, written_log_probs
from helpers.training.advantages import written_mean
from helpers.training.batches import batch_seed
from helpers.training.ppo import clipped_gain


@dataclass(frozen=True)
class GroupBatch:
    """Answers, group after group, with their scores, their advantages, and how likely each token was when written."""

    rollout: Rollout
    scores: Float[Tensor, " B"]
    advantages: Float[Tensor, " B"]
    log_probs: Float[Tensor, "B T"]

    def to(self, device: torch.device | str) -> "GroupBatch":
        """The same batch on a device."""
        return GroupBatch(
            self.rollout.to(device), self.scores.to(device), self.advantages.to(device), self.log_probs.to(device)
        )

    @property
    def n_tokens(self) -> int:
        """How many tokens the policy wrote."""
        return self.rollout.n_tokens


def group_advantages(scores: Float[Tensor, " B"], group_size: int) -> Float[Tensor, " B"]:
    """How many deviations each answer lies above the mean of its group; 0 where all of a group score the same.

    The deviation is the sample's, with 1e-4 added as TRL does.
    """
    groups = scores.view(-1, group_size)
    return ((groups - groups.mean(1, keepdim=True)) / (groups.std(1, keepdim=True) + 1e-4)).flatten()


class GroupBatches:
    """`[step]` asks the present policy for `group_size` answers to each prompt; `prompts(step)` gives the prompts.

    A rollout serves `n_updates` steps one after the other. `latest` is the batch asked for last, for those who want to
    see its scores. Batches follow from the seed, the step and the policy, so they are new if asked for again later.
    """

    latest: GroupBatch

    def __init__(
        self,
        policy: Decoder,
        reward: Callable[[Rollout], Float[Tensor, " B"]],
        prompts: Callable[[int], list[list[int]]],
        group_size: int,
        *,
        stop: Iterable[int],
        n_new: int,
        n_updates: int = 1,
        seed: int = 0,
    ):
        if group_size < 2:
            raise ValueError(f"an answer is compared with others, so a group has at least 2, got {group_size=}")
        if n_updates < 1:
            raise ValueError(f"a rollout serves at least 1 step, got {n_updates=}")
        self.policy, self.reward, self.prompts, self.group_size = policy, reward, prompts, group_size
        self.stop, self.n_new, self.n_updates, self.seed = set(stop), n_new, n_updates, seed
        self._written_at = -1

    def __getitem__(self, step: int) -> GroupBatch:
        start = step - step % self.n_updates
        if start == step or start != self._written_at:
            self.latest, self._written_at = self._written(start), start
        return self.latest

    def _written(self, step: int) -> GroupBatch:
        device = next(self.policy.parameters()).device
        chance = torch.Generator(device).manual_seed(batch_seed(self.seed, step))
        asked = [prompt for prompt in self.prompts(step) for _ in range(self.group_size)]
        rollout = roll_out(self.policy, asked, self.n_new, stop=self.stop, generator=chance)
        scores = self.reward(rollout)
        with torch.no_grad():
            log_probs = written_log_probs(self.policy, rollout)
        return GroupBatch(rollout, scores, group_advantages(scores, self.group_size), log_probs)


def k3(log_probs: Float[Tensor, "B T"], reference_log_probs: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """An estimate of KL(π ‖ reference) from each token that π wrote, in nats: never negative, right on average.

    Source: Schulman 2020, "Approximating KL Divergence", joschu.net/blog/kl-approx.html (k3 there).
    """
    log_ratio = reference_log_probs - log_probs
    return log_ratio.exp() - 1 - log_ratio


def sequence_mean(x: Float[Tensor, "B T"], is_written: Bool[Tensor, "B T"]) -> Float[Tensor, ""]:
    """The mean over answers of the mean over each one's tokens: a token of a long answer counts for less."""
    return ((x * is_written).sum(1) / is_written.sum(1)).mean()


NORMALISE = {"sequence": sequence_mean, "token": written_mean}


def grpo_loss(
    reference: nn.Module, kl_weight: float = 0.04, clip: float = 0.2, normalise: str = "sequence"
) -> Callable[[nn.Module, GroupBatch], Float[Tensor, ""]]:
    """The loss for `train`: clipped gains less `kl_weight` × KL against the reference, with the sign turned.

    `normalise` says what is averaged: "sequence" gives every answer the same weight, so a wrong answer costs less a
    token if it is long; "token" gives every token the same. Without a `kl_weight` the reference is not asked.
    """
    if normalise not in NORMALISE:
        raise ValueError(f"normalise must be one of {', '.join(NORMALISE)}, got {normalise!r}")
    mean = NORMALISE[normalise]

    def loss(policy: nn.Module, batch: GroupBatch) -> Float[Tensor, ""]:
        log_probs = written_log_probs(policy, batch.rollout)
        gain = clipped_gain(log_probs, batch.log_probs, batch.advantages[:, None].expand_as(log_probs), clip)
        if kl_weight:
            with torch.no_grad():
                reference_log_probs = written_log_probs(reference, batch.rollout)
            gain = gain - kl_weight * k3(log_probs, reference_log_probs)
        return -mean(gain, batch.rollout.is_written[:, 1:])

    return loss
