"""Measuring a model, each number with its standard error."""

from helpers.evaluation.accuracy import recall, token_spans
from helpers.evaluation.calibration import calibration_error, reliability
from helpers.evaluation.diversity import distinct_n
from helpers.evaluation.frontier import best_of_n, limit_at, tilted
from helpers.evaluation.kl import kl_to_reference
from helpers.evaluation.perplexity import Mean, mean_with_error, row_nats

__all__ = [
    "Mean",
    "best_of_n",
    "calibration_error",
    "distinct_n",
    "kl_to_reference",
    "limit_at",
    "mean_with_error",
    "recall",
    "reliability",
    "row_nats",
    "tilted",
    "token_spans",
]
