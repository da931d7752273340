"""Looking inside: what heads and layers do, measured."""

from helpers.interpret.induction import induction_score, previous_token_score

__all__ = ["induction_score", "previous_token_score"]
