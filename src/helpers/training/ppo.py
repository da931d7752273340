"""Proximal policy optimisation: raise the probability of tokens that did better than expected, but not by too much.

A policy writes answers, a reward scores them, a critic says what it expected; a few steps are then taken on these
answers, and a token whose probability has moved by more than the clip has no say any more. A KL penalty against the
reference keeps the policy where the reward can be trusted. Policy and critic have separate weights, as in InstructGPT:
a shared trunk would save a third of the time, and would let the critic's errors move the policy.

Source: Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347, equation 7;
the KL penalty and its price: Ziegler et al. 2019, "Fine-Tuning Language Models from Human Preferences",
arXiv:1909.08593, section 2.2; Ouyang et al. 2022, arXiv:2203.02155, section 3.5; the clip of the value, which the
paper of PPO does not have: Engstrom et al. 2020, "Implementation Matters in Deep Policy Gradients", arXiv:2005.12729.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from helpers.models import Decoder, ScalarHead
from helpers.sampling import Rollout, roll_out, written_log_probs
from helpers.training.advantages import gae, token_rewards, whiten, written_mean
from helpers.training.batches import batch_seed
from helpers.training.loop import Record


@dataclass(frozen=True)
class PPOSettings:
    """What the loop takes besides its models. Frozen, and checked when it is made.

    `clip` bounds how far a token's probability may move (a ratio from 1 − clip to 1 + clip) before its gradient stops,
    `value_clip` how far a value may (in units of the score; `math.inf` for no bound). `kl_weight` is the price of a
    nat of KL in units of the score; with a `kl_target`, in nats an answer, it is only where the price begins.
    `normalise_scores` measures scores in deviations from the mean of the first iteration's.
    """

    clip: float = 0.2
    value_clip: float = 0.2
    gamma: float = 1.0
    gae_lambda: float = 0.95
    kl_weight: float = 0.05
    kl_target: float | None = None
    n_epochs: int = 2
    minibatch_rows: int = 16
    whiten: bool = True
    normalise_scores: bool = False
    max_grad_norm: float = 1.0

    def __post_init__(self) -> None:
        self._check(lambda x: x > 0, "must be above 0", "clip", "value_clip", "kl_target", "max_grad_norm")
        self._check(lambda x: 0 <= x <= 1, "weighs what comes later, so it is from 0 to 1", "gamma", "gae_lambda")
        self._check(lambda x: x >= 0, "is a price, so it is not negative", "kl_weight")
        self._check(lambda x: x >= 1, "is a count, so it is at least 1", "n_epochs", "minibatch_rows")
        if self.kl_target is not None and self.kl_weight == 0:
            raise ValueError("a kl_target moves kl_weight by factors, so it cannot begin at 0: give it a first price")

    def _check(self, is_right: Callable[[float], bool], requirement: str, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value is not None and not is_right(value):
                raise ValueError(f"{name} {requirement}, got {value}")


@dataclass(frozen=True)
class Experience:
    """One iteration's answers and what was thought of them before the update; rows as in the rollout."""

    rollout: Rollout
    scores: Float[Tensor, " B"]
    kl: Float[Tensor, " B"]
    log_probs: Float[Tensor, "B T"]
    values: Float[Tensor, "B T"]
    advantages: Float[Tensor, "B T"]
    returns: Float[Tensor, "B T"]

    def __getitem__(self, rows: Tensor) -> "Experience":
        return Experience(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def is_written(self) -> Bool[Tensor, "B T"]:
        """Which columns hold a token of the policy's."""
        return self.rollout.is_written[:, 1:]


def clipped_gain(
    log_probs: Float[Tensor, "B T"],
    old_log_probs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B T"],
    clip: float,
) -> Float[Tensor, "B T"]:
    """What each token adds to the objective: ratio × advantage, or the clipped ratio × advantage if that is less.

    So a good token stops pulling once it is likelier by the factor 1 + clip, and a bad one that has become likelier
    goes on pushing.
    """
    ratio = (log_probs - old_log_probs).exp()
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def policy_loss(log_probs: Float[Tensor, "B T"], seen: Experience, clip: float) -> Float[Tensor, ""]:
    """The clipped objective with its sign turned, a mean over all written tokens."""
    return -written_mean(clipped_gain(log_probs, seen.log_probs, seen.advantages, clip), seen.is_written)


def value_loss(values: Float[Tensor, "B T"], seen: Experience, value_clip: float) -> Float[Tensor, ""]:
    """Half the squared error against the returns; a value that has moved by more than the clip gains nothing more."""
    near = seen.values + (values - seen.values).clamp(-value_clip, value_clip)
    worse = torch.maximum((values - seen.returns).square(), (near - seen.returns).square())
    return 0.5 * written_mean(worse, seen.is_written)


def adapted(kl_weight: float, kl: float, kl_target: float | None) -> float:
    """The price of KL for the next iteration: up to 2 % higher if there was too much of it, or lower if too little.

    Source: Ziegler et al. 2019, section 2.2: a log-space proportional controller, its error clipped at ±0.2, K = 0.1.
    """
    if kl_target is None:
        return kl_weight
    error = min(max(kl / kl_target - 1, -0.2), 0.2)
    return kl_weight * (1 + 0.1 * error)


def ppo(
    policy: Decoder,
    reference: Decoder,
    critic: ScalarHead,
    reward: Callable[[Rollout], Float[Tensor, " B"]],
    prompts: Callable[[int], list[list[int]]],
    optimizer: torch.optim.Optimizer,
    settings: PPOSettings,
    *,
    n_iterations: int,
    stop: Iterable[int],
    n_new: int,
    seed: int = 0,
) -> Iterator[Record]:
    """Each iteration's record, with the optimizer moving the policy and the critic in between.

    Of the answers: score (mean of `reward`), kl (nats an answer, from the reference, estimated on these answers),
    kl_weight, length (tokens), entropy (nats a token, estimated as −log p), explained_variance (of the returns, by the
    critic). Of the steps taken on them: policy_loss, value_loss, clip_fraction, approx_kl (nats a token, from the
    policy that wrote). Then step and seconds. `reward` sees every rollout once and may note what else there is to know.
    """
    device = next(policy.parameters()).device
    stop, kl_weight, scale = set(stop), settings.kl_weight, None
    for step in range(n_iterations):
        began = time.perf_counter()
        chance = torch.Generator(device).manual_seed(batch_seed(seed, step))
        rollout = roll_out(policy, prompts(step), n_new, stop=stop, generator=chance)
        scores = reward(rollout)
        scale = scale or (score_scale(scores) if settings.normalise_scores else (0.0, 1.0))
        seen = experience(policy, reference, critic, rollout, (scores - scale[0]) / scale[1], kl_weight, settings)
        updates = [
            _update(policy, critic, optimizer, seen[rows], settings)
            for _ in range(settings.n_epochs)
            for rows in torch.randperm(len(rollout), generator=chance, device=device).split(settings.minibatch_rows)
        ]
        record = {"step": step, "score": scores.mean().item(), "kl_weight": kl_weight, **_summary(seen)}
        record |= {name: sum(update[name] for update in updates) / len(updates) for name in updates[0]}
        yield {**record, "seconds": time.perf_counter() - began}
        kl_weight = adapted(kl_weight, record["kl"], settings.kl_target)


def score_scale(scores: Float[Tensor, " B"]) -> tuple[float, float]:
    """Mean and deviation of the scores, in whose terms later ones are measured."""
    return scores.mean().item(), scores.std().item() + 1e-8


@torch.inference_mode()
def experience(
    policy: Decoder,
    reference: Decoder,
    critic: ScalarHead,
    rollout: Rollout,
    scores: Float[Tensor, " B"],
    kl_weight: float,
    settings: PPOSettings,
) -> Experience:
    """What each token was worth: one forward of policy, reference and critic, no gradient."""
    is_written = rollout.is_written[:, 1:]
    log_probs, reference_log_probs = written_log_probs(policy, rollout), written_log_probs(reference, rollout)
    values = critic(rollout.ids[:, :-1]) * is_written
    rewards = token_rewards(scores, log_probs, reference_log_probs, is_written, kl_weight)
    advantages = gae(rewards, values, is_written, settings.gamma, settings.gae_lambda)
    returns = advantages + values
    if settings.whiten:
        advantages = whiten(advantages, is_written)
    kl = (log_probs - reference_log_probs).sum(dim=1)
    return Experience(rollout, scores, kl, log_probs, values, advantages, returns)


def _update(
    policy: Decoder, critic: ScalarHead, optimizer: torch.optim.Optimizer, seen: Experience, settings: PPOSettings
) -> Record:
    """One step on some of the answers; each network's gradient is clipped by itself."""
    log_probs = written_log_probs(policy, seen.rollout)
    of_policy = policy_loss(log_probs, seen, settings.clip)
    of_critic = value_loss(critic(seen.rollout.ids[:, :-1]), seen, settings.value_clip)
    loss = of_policy + of_critic
    if not torch.isfinite(loss):
        raise FloatingPointError(f"the loss is {loss.item()}: try a lower learning rate")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    for network in (policy, critic):
        nn.utils.clip_grad_norm_(network.parameters(), settings.max_grad_norm)
    optimizer.step()
    moved = log_probs.detach() - seen.log_probs
    ratio = moved.exp()
    return {
        "policy_loss": of_policy.item(),
        "value_loss": of_critic.item(),
        "clip_fraction": written_mean(((ratio - 1).abs() > settings.clip).float(), seen.is_written).item(),
        "approx_kl": written_mean(ratio - 1 - moved, seen.is_written).item(),
    }


def _summary(seen: Experience) -> Record:
    """What the record says about the answers themselves."""
    written = seen.is_written
    returns, errors = seen.returns[written], (seen.returns - seen.values)[written]
    return {
        "kl": seen.kl.mean().item(),
        "length": seen.rollout.n_tokens / len(seen.rollout),
        "entropy": -written_mean(seen.log_probs, written).item(),
        "explained_variance": 1 - (errors.var() / returns.var().clamp(min=1e-8)).item(),
    }
