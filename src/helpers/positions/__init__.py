"""How a model learns where a token stands. Every scheme enters at one or more of three places."""

from helpers.positions.alibi import Alibi, alibi_slopes
from helpers.positions.learned import LearnedPositions
from helpers.positions.none import NoPositions
from helpers.positions.rope import RopeScaling, RotaryPositions, apply_rope, rope_angles, rope_frequencies
from helpers.positions.rope_scaling import LinearScaling, Llama3Scaling, NtkScaling, YarnScaling
from helpers.positions.sinusoidal import SinusoidalPositions, sinusoids
from helpers.positions.t5_bias import T5Bias, t5_bucket

__all__ = [
    "Alibi",
    "LearnedPositions",
    "LinearScaling",
    "Llama3Scaling",
    "NoPositions",
    "NtkScaling",
    "RopeScaling",
    "RotaryPositions",
    "SinusoidalPositions",
    "T5Bias",
    "YarnScaling",
    "alibi_slopes",
    "apply_rope",
    "rope_angles",
    "rope_frequencies",
    "sinusoids",
    "t5_bucket",
]
