"""Calibration: of all things said to be 70 % likely, do 70 % happen?

A reward model says with σ(|margin|) how sure it is of the answer it favours; the labeler then agrees or not. Against
labels one needs many cases in a bin. Where the labeler's true probability is known, every single case can be checked.

Convention: bins are equally wide. The expected calibration error is above 0 even for perfect predictions, because the
observed shares are noisy; `error_if_calibrated` says by how much.
Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599, equations 1 to 3;
Efron 1979, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7, for its standard error.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from helpers.evaluation.perplexity import Mean, mean_with_error

N_RESAMPLES = 200  # of a standard error they tell about 5 %


class Bin(NamedTuple):
    """Predictions that were about equal, and how often they came true; the error is that of a binomial share."""

    predicted: float
    observed: Mean
    n: int


def reliability(predicted: Float[Tensor, " N"], happened: Bool[Tensor, " N"], n_bins: int = 10) -> list[Bin]:
    """The bins of a reliability diagram, from rare to sure; empty ones are left out."""
    _check(predicted, n_bins)
    place = _places(predicted, n_bins)
    return [_bin(predicted[place == i], happened[place == i]) for i in place.unique().tolist()]


def calibration_error(
    predicted: Float[Tensor, " N"], happened: Bool[Tensor, " N"], n_bins: int = 10, seed: int = 0
) -> Mean:
    """Expected calibration error: the mean distance of predicted from observed, bins weighed by their cases.

    Its standard error is the deviation of the same number over cases drawn again with replacement.
    """
    _check(predicted, n_bins)
    generator, n = torch.Generator().manual_seed(seed), len(predicted)
    again = [torch.randint(n, (n,), generator=generator) for _ in range(N_RESAMPLES)]
    spread = torch.stack([_gap(predicted[rows], happened[rows], n_bins) for rows in again]).std()
    return Mean(_gap(predicted, happened, n_bins).item(), spread.item())


def error_if_calibrated(predicted: Float[Tensor, " N"], n_bins: int = 10, seed: int = 0) -> float:
    """The calibration error that these very predictions would show on average if all of them were right."""
    _check(predicted, n_bins)
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.rand(len(predicted), generator=generator) < predicted for _ in range(N_RESAMPLES)]
    return torch.stack([_gap(predicted, happened, n_bins) for happened in draws]).mean().item()


def probability_error(predicted: Float[Tensor, " N"], true: Float[Tensor, " N"]) -> Mean:
    """How far the predicted probability is from the true one, on average."""
    return mean_with_error((predicted - true).abs().tolist())


def _check(predicted: Tensor, n_bins: int) -> None:
    if n_bins < 1 or not len(predicted):
        raise ValueError(f"predictions go into at least 1 bin, got {len(predicted)} predictions and {n_bins=}")
    if not ((predicted >= 0) & (predicted <= 1)).all():
        low, high = predicted.min().item(), predicted.max().item()
        raise ValueError(f"a probability is from 0 to 1, got some from {low:.3g} to {high:.3g}: take the sigmoid first")


def _places(predicted: Tensor, n_bins: int) -> Tensor:
    return (predicted * n_bins).long().clamp(max=n_bins - 1)  # a probability of 1 belongs to the last bin


def _bin(predicted: Tensor, happened: Tensor) -> Bin:
    n, share = len(predicted), happened.double().mean().item()
    return Bin(predicted.double().mean().item(), Mean(share, math.sqrt(share * (1 - share) / n)), n)


def _gap(predicted: Tensor, happened: Tensor, n_bins: int) -> Tensor:
    """Σ over bins of |sum of predictions − number that happened| / N, which is the weighted mean of the distances."""
    excess = torch.zeros(n_bins, dtype=torch.double)
    excess.index_add_(0, _places(predicted, n_bins), predicted.double() - happened.double())
    return excess.abs().sum() / len(predicted)
