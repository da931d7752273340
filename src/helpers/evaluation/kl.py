"""How far a tuned policy has gone from its reference: the KL divergence in nats an answer, on answers of its own.

It is the price of every reward: at k nats the policy's answers are e^k times as likely as they were (the mean of the
logarithm). Two unbiased estimates: the log-ratio of what was drawn, and, along the same answers, the exact
divergence of every step, which leaves out the chance of the last draw and errs less.

Source: Amini et al. 2025, "Better Estimation of the Kullback-Leibler Divergence Between Language Models",
arXiv:2504.10637 (Rao-Blackwellised); best of n: Beirami et al. 2024, "Theoretical
guarantees on the best-of-n alignment policy", arXiv:2401.01879, section 3.
"""

import math
from collections.abc import Iterator

import torch
from torch import nn

from helpers.evaluation.perplexity import Mean, mean_with_error
from helpers.sampling.rollouts import Rollout, written_log_probs

ROWS_AT_ONCE = 32


def pieces(rollout: Rollout) -> Iterator[Rollout]:
    """A rollout in parts whose logits fit into memory."""
    for start in range(0, len(rollout), ROWS_AT_ONCE):
        yield rollout[start : start + ROWS_AT_ONCE]


@torch.inference_mode()
def sampled_kl(policy: nn.Module, reference: nn.Module, rollout: Rollout) -> Mean:
    """The mean of log π − log π_ref over answers that the policy wrote at temperature 1; some may be negative."""
    ratios: list[float] = []
    for part in pieces(rollout):
        ratios += (written_log_probs(policy, part) - written_log_probs(reference, part)).sum(dim=1).tolist()
    return mean_with_error(ratios)


def kl_to_reference(policy: nn.Module, reference: nn.Module, rollout: Rollout) -> Mean:
    """The same with less noise: the mean of `answer_kls` over answers that the policy wrote at temperature 1."""
    return mean_with_error(answer_kls(policy, reference, rollout))


@torch.inference_mode()
def answer_kls(policy: nn.Module, reference: nn.Module, rollout: Rollout) -> list[float]:
    """For each answer the exact KL of every step, over the vocabulary, summed over its written tokens; never negative.

    By the chain rule the mean over the policy's own answers is the KL between whole answers.
    """
    sums: list[float] = []
    for part in pieces(rollout):
        ours, theirs = (model(part.ids[:, :-1]).log_softmax(dim=-1) for model in (policy, reference))
        steps = (ours.exp() * (ours - theirs)).sum(dim=-1)
        sums += (steps * part.is_written[:, 1:]).sum(dim=1).tolist()
    return sums


def best_of_n_kl(n: int) -> float:
    """How far keeping the best of n goes: log n − (n − 1)/n nats, whatever the reward.

    Exact where no two answers score alike and none is likely to be drawn twice; otherwise at most this.
    """
    if n < 1:
        raise ValueError(f"the best is chosen from at least 1 answer, got {n=}")
    return math.log(n) - (n - 1) / n
