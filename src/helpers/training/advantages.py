"""How much better each written token was than the critic expected, from one score that comes when the answer is over.

Convention: columns are those of `written_log_probs`: column t belongs to token t + 1, and the value in column t is what
the critic expects before that token is written. The answer ends with its last token, so the value after it is 0;
prompt and padding get 0.

Source: Schulman et al. 2016, "High-Dimensional Continuous Control Using Generalized Advantage Estimation",
arXiv:1506.02438, equation 16; the reward with a KL penalty at every token: Ziegler et al. 2019, "Fine-Tuning Language
Models from Human Preferences", arXiv:1909.08593, equation 2, and Ouyang et al. 2022, arXiv:2203.02155, equation 2.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def token_rewards(
    scores: Float[Tensor, " B"],
    log_probs: Float[Tensor, "B T"],
    reference_log_probs: Float[Tensor, "B T"],
    is_written: Bool[Tensor, "B T"],
    kl_weight: float,
) -> Float[Tensor, "B T"]:
    """What each token earns: the answer's score at its last token, and at every token −kl_weight × (log π − log π_ref).

    The sum of a row is the score less `kl_weight` times an estimate of the KL of this answer, in nats.
    """
    is_last = is_written & (is_written.flip(1).cumsum(1).flip(1) == 1)
    return scores[:, None] * is_last - kl_weight * (log_probs - reference_log_probs) * is_written


def gae(
    rewards: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    is_written: Bool[Tensor, "B T"],
    gamma: float = 1.0,
    gae_lambda: float = 0.95,
) -> Float[Tensor, "B T"]:
    """Each token's advantage: the surprises from this token on, one that comes n tokens later weighs (γλ)ⁿ.

    A surprise is the reward and what is expected after the token, less what was expected before. λ = 0 counts
    only the token's own (little noise, but as wrong as the critic), λ = 1 all of them (return − value).
    """
    values = values * is_written
    after = torch.nn.functional.pad(values[:, 1:], (0, 1))
    surprises = (rewards + gamma * after - values) * is_written
    advantages, ahead = torch.zeros_like(surprises), torch.zeros_like(surprises[:, 0])
    for column in reversed(range(surprises.shape[1])):
        ahead = surprises[:, column] + gamma * gae_lambda * ahead
        advantages[:, column] = ahead
    return advantages * is_written


def written_mean(x: Float[Tensor, "B T"], is_written: Bool[Tensor, "B T"]) -> Float[Tensor, ""]:
    """The mean over the written tokens, each alike."""
    return (x * is_written).sum() / is_written.sum()


def whiten(x: Float[Tensor, "B T"], is_written: Bool[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """The same numbers with mean 0 and variance 1 over the written tokens, so that a step is as long for any reward."""
    centred = (x - written_mean(x, is_written)) * is_written
    return centred / (written_mean(centred.square(), is_written).sqrt() + 1e-8)
