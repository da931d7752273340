"""Samples, losses and schedules."""

import math
from itertools import pairwise

import torch

from helpers.ledger.number import Number
from helpers.training.ppo import clipped_gain
from helpers.training.schedules import warmup_cosine


def positions_of_a_sample() -> list[Number]:
    """Pairs of input and target in a sample of 4,096 tokens, and of one more."""
    pairs = [len(list(pairwise(sample))) for sample in (range(4096), range(4097))]
    return [
        Number("training positions of 4,096 tokens", pairs[0], 4095),
        Number("training positions of 4,097 tokens", pairs[1], 4096),
    ]


def cross_entropy_is_likelihood() -> list[Number]:
    """The loss against minus the mean log-probability of the targets."""
    draw = torch.Generator().manual_seed(0)
    logits, targets = torch.randn(50, 10, generator=draw), torch.randint(10, (50,), generator=draw)
    likelihood = -logits.log_softmax(-1)[torch.arange(50), targets].mean()
    difference = float((torch.nn.functional.cross_entropy(logits, targets) - likelihood).abs())
    return [Number("difference between cross-entropy and minus the log-likelihood", difference, 0, "", 1e-5)]


def cosine_ends() -> list[Number]:
    """A schedule of 1,000 steps with a warm-up of 100, down to a tenth."""
    factor = warmup_cosine(n_steps=1000, n_warmup=100, final=0.1)
    return [
        Number("share of the rate at the first step", factor(0), 0.01),
        Number("after the warm-up", factor(100), 1, "", 1e-9),
        Number("at the last step", factor(999), 0.1, "", 1e-9),
    ]


def preference(better: float, worse: float) -> float:
    """Bradley and Terry's loss: −log σ of the difference of scores."""
    return math.log1p(math.exp(worse - better))


def comparisons_know_differences() -> list[Number]:
    """Both scores raised by five, and equal scores."""
    return [
        Number("change of the loss when both scores rise by 5", preference(7, 6) - preference(2, 1), 0, "", 1e-12),
        Number("loss of two equal scores", preference(1, 1), 0.6931, "nats (ln 2)", 0.00005),
    ]


def clip_stops_the_gradient() -> list[Number]:
    """How a good token pulls, just before and after it has become likelier by a fifth."""

    def pull(ratio: float) -> float:
        now = torch.tensor([[math.log(ratio)]], requires_grad=True)
        clipped_gain(now, torch.zeros(1, 1), torch.ones(1, 1), clip=0.2).sum().backward()
        assert now.grad is not None
        return float(now.grad)

    return [
        Number("gradient of a good token, 1.1 times as likely", pull(1.1), 1.1, "", 1e-5),
        Number("gradient of a good token, 1.3 times as likely", pull(1.3), 0),
    ]


def dpo_begins_at_ln_2() -> list[Number]:
    """DPO's loss before the first step, when policy and reference are the same model."""
    chosen, rejected = -12.0, -15.0  # log-probabilities of the two answers, under both
    loss = preference(0.1 * (chosen - chosen), 0.1 * (rejected - rejected))
    return [Number("DPO's loss before the first step", loss, 0.6931, "nats (ln 2)", 0.00005)]
