"""What can a pupil do? Tasks have a difficulty, pupils an ability, and the difference decides how likely success is.

A tutor keeps a belief over the ability, by Bayes's rule. A task tells most where success is as likely as failure, so an
adaptive tutor asks what it thinks the pupil can half do.

Source: Rasch 1960, "Probabilistic Models for Some Intelligence and Attainment Tests".
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

ABILITIES = torch.linspace(-4, 4, 81)  # the grid that a belief lives on
SPREAD = 1.5  # the deviation of abilities among pupils


def information(ability: Float[Tensor, "*N"], difficulty: Float[Tensor, "*N"]) -> Float[Tensor, "*N"]:
    """How much the outcome tells about the ability: p(1 − p), at most a quarter, where p is the chance of success."""
    p = torch.sigmoid(ability - difficulty)
    return p * (1 - p)


def estimates(
    abilities: Float[Tensor, " N"],
    n_tasks: int,
    generator: torch.Generator,
    *,
    is_adaptive: bool = True,
    guess: float = 0.0,
) -> Float[Tensor, " N"]:
    """What a tutor believes of each pupil after some tasks: adaptive, or fixed from easy to hard.

    A pupil who does not know still succeeds with the chance `guess`; the tutor knows nothing of that.
    """
    belief = (-(ABILITIES**2) / (2 * SPREAD**2)).expand(len(abilities), -1).clone()
    for difficulty in torch.linspace(-4, 4, n_tasks).tolist():
        asked = expected(belief) if is_adaptive else torch.full_like(abilities, difficulty)
        p = guess + (1 - guess) * torch.sigmoid(abilities - asked)
        sign = 2 * (torch.rand(len(abilities), generator=generator) < p).float() - 1
        belief += logsigmoid(sign[:, None] * (ABILITIES - asked[:, None]))
    return expected(belief)


def expected(belief: Float[Tensor, "N A"]) -> Float[Tensor, " N"]:
    """The mean ability under each belief, given as logarithms up to a constant."""
    return (belief.softmax(-1) * ABILITIES).sum(-1)
