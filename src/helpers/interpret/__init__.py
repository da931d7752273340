"""Looking inside: what heads and layers do, measured."""

from helpers.interpret.ablation import found_by_heads, without_heads
from helpers.interpret.induction import induction_score, previous_token_score
from helpers.interpret.recall import recall_targets, weight_on

__all__ = [
    "found_by_heads",
    "induction_score",
    "previous_token_score",
    "recall_targets",
    "weight_on",
    "without_heads",
]
