"""Direct preference optimization: the policy is its own reward model, so comparisons alone teach it, in one stage.

The policy that is best for a reward r under a KL penalty of weight β is π = π_ref exp(r/β)/Z. Turned around, r is
β log(π/π_ref) up to a constant, which a comparison of two answers to one prompt cancels. Put into the loss of a reward
model, this leaves a loss of the policy itself: no reward model, no samples, no critic.

Convention: log-probabilities are summed over an answer, as in the paper, not averaged over its tokens.
Source: Rafailov et al. 2023, "Direct Preference Optimization", arXiv:2305.18290, equations 4, 5 and 7;
label noise: Mitchell 2023, "A note on DPO with noisy preferences & relationship to IPO" (conservative DPO).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from helpers.sampling.rollouts import Rollout, written_log_probs
from helpers.training.batches import RandomPicks


@dataclass(frozen=True)
class DPOBatch:
    """Pairs of answers to the same prompts, and log p of each whole answer under the reference, in nats."""

    chosen: Rollout
    rejected: Rollout
    chosen_reference: Float[Tensor, " B"]
    rejected_reference: Float[Tensor, " B"]

    def to(self, device: torch.device | str) -> "DPOBatch":
        """The same batch on a device."""
        references = self.chosen_reference.to(device), self.rejected_reference.to(device)
        return DPOBatch(self.chosen.to(device), self.rejected.to(device), *references)

    def __getitem__(self, rows: Tensor | slice) -> "DPOBatch":
        references = self.chosen_reference[rows], self.rejected_reference[rows]
        return DPOBatch(self.chosen[rows], self.rejected[rows], *references)

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def n_tokens(self) -> int:
        """How many tokens are compared."""
        return self.chosen.n_tokens + self.rejected.n_tokens


@torch.no_grad()
def answer_log_probs(model: nn.Module, rollout: Rollout, rows_at_once: int = 32) -> Float[Tensor, " B"]:
    """log p of each whole answer after its prompt, in nats, without a gradient."""
    device = next(model.parameters()).device
    pieces = [rollout[i : i + rows_at_once].to(device) for i in range(0, len(rollout), rows_at_once)]
    return torch.cat([written_log_probs(model, piece).sum(dim=1) for piece in pieces])


def with_reference(reference: nn.Module, chosen: Rollout, rejected: Rollout) -> DPOBatch:
    """The comparisons with what the reference thinks of both answers: it never changes, so it is asked once."""
    if len(chosen) != len(rejected):
        raise ValueError(f"each chosen answer needs a rejected one, got {len(chosen)} chosen, {len(rejected)} rejected")
    return DPOBatch(chosen, rejected, answer_log_probs(reference, chosen), answer_log_probs(reference, rejected))


class DPOBatches(RandomPicks[DPOBatch]):
    """Random picks from a set of comparisons."""

    noun = "comparisons"


def implicit_rewards(
    policy: nn.Module, rollout: Rollout, reference: Float[Tensor, " B"], beta: float
) -> Float[Tensor, " B"]:
    """The reward of each answer for which the policy would be best: β log(π/π_ref), up to a constant of the prompt."""
    return beta * (written_log_probs(policy, rollout).sum(dim=1) - reference)


def margins(policy: nn.Module, batch: DPOBatch, beta: float) -> Float[Tensor, " B"]:
    """By how much the implicit reward of the chosen answer exceeds that of the rejected one."""
    chosen = implicit_rewards(policy, batch.chosen, batch.chosen_reference, beta)
    return chosen - implicit_rewards(policy, batch.rejected, batch.rejected_reference, beta)


def dpo_loss(beta: float, label_noise: float = 0.0) -> Callable[[nn.Module, DPOBatch], Float[Tensor, ""]]:
    """The loss for `train`: mean surprise, in nats a pair, at who was chosen. A large β keeps near the reference.

    `label_noise` is the known share of pairs whose labels are swapped. With it the margin is drawn to where the chosen
    answer wins with probability 1 − noise; without, every pair pulls for ever.
    """
    if beta <= 0 or not 0 <= label_noise < 0.5:
        raise ValueError(f"beta must be above 0 and label_noise from 0 to below 0.5, got {beta=} and {label_noise=}")

    def loss(policy: nn.Module, batch: DPOBatch) -> Float[Tensor, ""]:
        margin = margins(policy, batch, beta)
        return -((1 - label_noise) * logsigmoid(margin) + label_noise * logsigmoid(-margin)).mean()

    return loss
