"""How loss falls with parameters and tokens: L(N, D) = E + A / N^α + B / D^β.

E is what remains for an endless model on endless text: the entropy of the text, if the form is right. For given
exponents the law is linear in E, A and B, so the best three are one small system of equations; the exponents are
searched on a grid, which cannot end in a wrong valley.

Convention: errors count relative to the loss, so that a tenth weighs as much at 2 nats as at 0.4.
Source: Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", arXiv:2203.15556, section 3.3
(approach 3, there with a Huber loss on log L); Besiroglu et al. 2024, "Chinchilla Scaling: A replication attempt",
arXiv:2404.10102.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

EXPONENTS = torch.arange(0.1, 2.0, 0.02, dtype=torch.float64)
FLOPS = 6  # operations a parameter and token: two forward, four backward


class ScalingLaw(NamedTuple):
    """L(N, D) = floor + a / N^alpha + b / D^beta, in nats a token."""

    floor: float
    a: float
    alpha: float
    b: float
    beta: float

    def loss(self, n_parameters: float, n_tokens: float) -> float:
        """The loss of a model of this size after this many tokens."""
        return self.floor + self.a / n_parameters**self.alpha + self.b / n_tokens**self.beta

    def best_split(self, compute: float) -> tuple[float, float]:
        """The size and the number of tokens that make the loss smallest with 6 · N · D = `compute` operations.

        >>> n, d = ScalingLaw(1.8172, 482.01, 0.3478, 2085.43, 0.3658).best_split(5.76e23)
        >>> round(d / n)
        18
        """
        product, total = compute / FLOPS, self.alpha + self.beta
        scale = (self.alpha * self.a / (self.beta * self.b)) ** (1 / total)
        n = scale * product ** (self.beta / total)
        return n, product / n


def fit_scaling_law(
    n_parameters: Float[Tensor, " R"],
    n_tokens: Float[Tensor, " R"],
    loss: Float[Tensor, " R"],
    weights: Float[Tensor, "S R"] | None = None,
    exponents: Float[Tensor, " G"] = EXPONENTS,
) -> list[ScalingLaw]:
    """The law with the smallest squared relative error, once for each row of `weights`.

    E, A and B are not negative; a ValueError says if no such law fits.
    A row of `weights` says how often each run counts: one row of ones is the plain fit, rows of random counts are
    a bootstrap.
    """
    weights = torch.ones(1, len(loss)) if weights is None else weights
    n, d, y = (values.double() for values in (n_parameters, n_tokens, loss))
    middle_n, middle_d = n.log().mean().exp(), d.log().mean().exp()  # around them the columns are near 1
    alpha, beta = (grid.flatten() for grid in torch.meshgrid(exponents, exponents, indexing="ij"))
    by_n, by_d = (n / middle_n) ** -alpha[:, None], (d / middle_d) ** -beta[:, None]
    columns = torch.stack([torch.ones_like(by_n), by_n, by_d], dim=-1) / y[:, None]  # the target is then 1 everywhere
    laws = []
    for row in weights.double():
        weighted = columns * row[:, None]
        normal = weighted.mT @ columns
        found = torch.linalg.solve_ex(normal, weighted.sum(dim=1))[0]  # grid points × (E, A, B)
        error = row.sum() - (found * weighted.sum(dim=1)).sum(dim=1)  # what least squares leaves over
        is_law = (found >= 0).all(dim=1)
        if not is_law.any():
            raise ValueError("no law of this form fits with E, A and B at 0 or more: do the losses fall with N and D?")
        best = error.masked_fill(~is_law, torch.inf).argmin()
        e, a, b = found[best]
        x, z = alpha[best], beta[best]
        laws.append(ScalingLaw(*(float(v) for v in (e, a * middle_n**x, x, b * middle_d**z, z))))
    return laws


def bootstrap_counts(n_runs: int, n_samples: int, generator: torch.Generator) -> Float[Tensor, "{n_samples} {n_runs}"]:
    """How often each run is drawn when `n_runs` are drawn with replacement, `n_samples` times."""
    drawn = torch.randint(n_runs, (n_samples, n_runs), generator=generator)
    return torch.nn.functional.one_hot(drawn, n_runs).sum(dim=1).double()
