"""How a model learns where a token stands. Every scheme enters at one or more of three places."""

from helpers.positions.learned import LearnedPositions
from helpers.positions.none import NoPositions

POSITIONS = {"learned": LearnedPositions, "none": NoPositions}

__all__ = ["POSITIONS", "LearnedPositions", "NoPositions"]
