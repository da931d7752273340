"""How a model with rotary positions reads further than it was trained: turn slower.

At a position never seen, the fast pairs show angles they have shown before; the slow ones do not. Linear scaling
(position interpolation) slows all pairs alike. NTK-aware scaling raises the base: fast pairs keep their speed, the
slowest is slowed by the whole factor. YaRN and Llama 3 decide pair by pair, by how often it turns within the original
context: often, as it was; less than about once, slowed by the whole factor; in between, a mixture.

Source: Chen et al. 2023, "Extending Context Window of Large Language Models via Positional Interpolation",
arXiv:2306.15595, equation 4; bloc97 2023, "NTK-Aware Scaled RoPE"; Peng et al. 2023, "YaRN", arXiv:2309.00071,
sections 3.1 to 3.4; Llama 3: the released code of Meta's llama-models.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from helpers.positions.rope import RopeScaling, rope_frequencies


def check_factor(factor: float) -> None:
    """Raise unless a context is stretched, not shrunk."""
    if factor < 1:
        raise ValueError(f"factor says how many times longer the context becomes, so at least 1, got {factor=}")


@dataclass(frozen=True)
class LinearScaling(RopeScaling):
    """Every pair turns `factor` times slower: position 4,000 looks like position 1,000 with factor 4."""

    factor: float

    def __post_init__(self) -> None:
        check_factor(self.factor)

    def frequencies(self, d: int, base: float) -> Float[Tensor, " {d}//2"]:
        """Radians per position of each pair."""
        return rope_frequencies(d, base) / self.factor


@dataclass(frozen=True)
class NtkScaling(RopeScaling):
    """A larger base, chosen so that the slowest pair turns `factor` times slower and the fastest as before."""

    factor: float

    def __post_init__(self) -> None:
        check_factor(self.factor)

    def frequencies(self, d: int, base: float) -> Float[Tensor, " {d}//2"]:
        """Radians per position of each pair."""
        if d < 4:
            raise ValueError(f"a slowest pair beside a fastest one needs at least 4 coordinates, got {d=}")
        return rope_frequencies(d, base * self.factor ** (d / (d - 2)))


@dataclass(frozen=True)
class YarnScaling(RopeScaling):
    """Pairs that turn more than `beta_fast` times within `original_context` stay as they were, pairs that turn less
    than `beta_slow` times are slowed by `factor`, those between by a share that falls along a line over the pairs."""

    factor: float
    original_context: int
    beta_fast: float = 32.0
    beta_slow: float = 1.0

    def __post_init__(self) -> None:
        check_factor(self.factor)

    @property
    def attention_factor(self) -> float:
        """What turned queries and keys are multiplied by: longer contexts spread attention, this sharpens it."""
        return 0.1 * math.log(self.factor) + 1

    def frequencies(self, d: int, base: float) -> Float[Tensor, " {d}//2"]:
        """Radians per position of each pair."""
        plain = rope_frequencies(d, base)
        first = max(math.floor(self._pair_turning(self.beta_fast, d, base)), 0)
        last = min(math.ceil(self._pair_turning(self.beta_slow, d, base)), d - 1)
        slowed = ((torch.arange(d // 2) - first) / max(last - first, 0.001)).clamp(0, 1)  # first may be last
        return slowed * plain / self.factor + (1 - slowed) * plain

    def _pair_turning(self, n_turns: float, d: int, base: float) -> float:
        """Which pair, as a number with a fraction, turns `n_turns` times within the original context."""
        return d * math.log(self.original_context / (n_turns * 2 * math.pi)) / (2 * math.log(base))


@dataclass(frozen=True)
class Llama3Scaling(RopeScaling):
    """Unlike YaRN: the share falls along a line over the number of turns, and scores are not sharpened."""

    factor: float = 8.0
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    original_context: int = 8192

    def __post_init__(self) -> None:
        check_factor(self.factor)

    def frequencies(self, d: int, base: float) -> Float[Tensor, " {d}//2"]:
        """Radians per position of each pair."""
        plain = rope_frequencies(d, base)
        n_turns = self.original_context * plain / (2 * math.pi)
        kept = ((n_turns - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor)).clamp(0, 1)
        return (1 - kept) * plain / self.factor + kept * plain
