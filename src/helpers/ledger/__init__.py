"""The claims ledger: what the article says, what is right, and the numbers computed again."""

from helpers.ledger.claim import CHAPTERS, SURE, VERDICTS, Claim, Section, claims, recompute, recomputing, sections
from helpers.ledger.number import Number

__all__ = [
    "CHAPTERS",
    "SURE",
    "VERDICTS",
    "Claim",
    "Number",
    "Section",
    "claims",
    "recompute",
    "recomputing",
    "sections",
]
