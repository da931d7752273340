"""Measuring a model, each number with its standard error."""

from helpers.evaluation.accuracy import recall, token_spans
from helpers.evaluation.perplexity import Mean, mean_with_error, row_nats

__all__ = ["Mean", "mean_with_error", "recall", "row_nats", "token_spans"]
