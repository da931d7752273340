"""The frontier: the most reward that any policy can have at a given distance from its reference.

The best policy at KL weight β is the reference tilted by the reward, π(y) = p(y) exp(R(y)/β) / Z. No training is needed
to know what it would score: many answers of the reference, weighed by exp(R/β), stand for its answers. So one can say
how much of the possible a trained policy has reached, and that nobody has reached more.

Convention: rewards are a table, a row for each prompt and a column for each answer of the reference to it. Every
prompt is tilted by itself, as a policy cannot choose its prompts; means and standard errors are over prompts.
Source: Rafailov et al. 2023, arXiv:2305.18290, equation 4, for the tilted policy; Owen 2013, "Monte Carlo theory,
methods and examples", sections 9.2 and 9.3, for self-normalised weights and their effective sample size; Stiennon
et al. 2020, arXiv:2009.01325, appendix G.3, and Gao et al. 2022, arXiv:2210.10760, for best of n.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from helpers.evaluation.kl import best_of_n_kl
from helpers.evaluation.perplexity import Mean, mean_with_error

MIN_EFFECTIVE = 10  # independent answers a prompt, below which the tilted policy is a few lucky answers


class Point(NamedTuple):
    """A policy's KL from the reference, in nats an answer, and its reward."""

    kl: Mean
    reward: Mean


def tilted(rewards: Float[Tensor, "P N"], beta: float) -> Point:
    """The best policy at KL weight `beta`, from many answers of the reference to every prompt.

    Raises ValueError if the best answers are too rare among them to be weighed.
    """
    _check(rewards)
    if beta <= 0:
        raise ValueError(f"beta is above 0 (a small one is far from the reference), got {beta}")
    log_weights = (rewards.double() / beta).log_softmax(dim=1)
    weights = log_weights.exp()
    effective = (1 / weights.square().sum(dim=1)).mean().item()
    if effective < MIN_EFFECTIVE:
        raise ValueError(
            f"at {beta=} the best answers are so rare among {rewards.shape[1]} a prompt that they count like "
            f"{effective:.1f} independent ones, and {MIN_EFFECTIVE} are needed: draw more answers or raise beta"
        )
    kl = (weights * (log_weights + math.log(rewards.shape[1]))).sum(dim=1)
    return Point(_mean(kl), _mean((weights * rewards).sum(dim=1)))


def frontier(rewards: Float[Tensor, "P N"], betas: Iterable[float]) -> list[Point]:
    """The tilted policy at each KL weight: as it falls, reward and KL both rise."""
    return [tilted(rewards, beta) for beta in betas]


def limit_at(rewards: Float[Tensor, "P N"], kl: float) -> Point:
    """The best policy that is `kl` nats from the reference: what a trained policy at the same KL is to be held to.

    Raises ValueError if these answers cannot tell how good it is.
    """
    if kl <= 0:
        raise ValueError(f"a policy that is not the reference is more than 0 nats from it, got {kl=}")
    low, high = -12.0, 12.0  # of log β, in units of the rewards' spread; the KL falls as β rises
    spread = rewards.double().std().item()
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _kl(rewards, spread * math.exp(middle)) > kl else (low, middle)
    point = tilted(rewards, spread * math.exp(high))
    if not math.isclose(point.kl.value, kl, rel_tol=1e-3):
        raise ValueError(
            f"nothing but the best answers is left at {point.kl.value:.3g} nats, and {kl=} is further away: draw more "
            "answers, among which there are better ones"
        )
    return point


def best_of_n(rewards: Float[Tensor, "P N"], n: int) -> Point:
    """The policy that draws n answers and keeps the best: log n − (n − 1)/n nats, and the mean of the best reward.

    The mean over all ways to take n of a prompt's answers, so no answer is wasted; without bias.
    """
    _check(rewards)
    n_answers = rewards.shape[1]
    if not 1 <= n <= n_answers:
        raise ValueError(f"the best of n is among the answers of a prompt, so n is from 1 to {n_answers}, got {n}")
    total = math.comb(n_answers, n)
    shares = [math.comb(rank, n - 1) / total for rank in range(n_answers)]  # that the answer of this rank is the best
    best = rewards.double().sort(dim=1).values @ torch.tensor(shares, dtype=torch.double, device=rewards.device)
    return Point(Mean(best_of_n_kl(n), 0.0), _mean(best))


def _check(rewards: Tensor) -> None:
    if min(rewards.shape) < 2:
        raise ValueError(f"rewards hold at least 2 prompts with 2 answers each, got a table of {tuple(rewards.shape)}")


def _mean(values: Tensor) -> Mean:
    return mean_with_error(values.tolist())


def _kl(rewards: Tensor, beta: float) -> float:
    log_weights = (rewards.double() / beta).log_softmax(dim=1)
    return (log_weights.exp() * log_weights).sum(dim=1).mean().item() + math.log(rewards.shape[1])
