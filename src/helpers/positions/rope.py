"""Rotary positions: queries and keys are turned by their position, so a score depends on their distance only.

Each pair of coordinates turns at its own speed, like the hands of a clock. Two conventions exist for what a pair is:
"half" (GPT-NeoX, Hugging Face's LLaMA) pairs coordinate i with i + d/2; "interleaved" (the paper, Meta's LLaMA, GPT-J)
pairs 2i with 2i+1. They are the same up to the order of coordinates.

Source: Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv:2104.09864, equations 15
and 34; turning a part of the head only: Black et al. 2022, "GPT-NeoX-20B", arXiv:2204.06745, section 2.1.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from helpers.positions.none import NoPositions


def rope_frequencies(d: int, base: float = 10_000.0) -> Float[Tensor, " {d}//2"]:
    """How far each pair turns per position, in radians: from 1 for the first to nearly 1/`base` for the last."""
    return 1.0 / base ** (torch.arange(0, d, 2) / d)


@dataclass(frozen=True)
class RopeScaling:
    """The speeds as they are. Rules that let a model read further than it was trained override this, in
    rope_scaling.py."""

    @property
    def attention_factor(self) -> float:
        """What turned queries and keys are multiplied by, each."""
        return 1.0

    def frequencies(self, d: int, base: float) -> Float[Tensor, " {d}//2"]:
        """How far each of the `d // 2` pairs turns per position, in radians."""
        return rope_frequencies(d, base)


def rope_angles(positions: Int[Tensor, "*B T"], frequencies: Float[Tensor, " f"]) -> Float[Tensor, "*B T f"]:
    """How far each pair is turned at each position, in radians."""
    return positions[..., None] * frequencies


def apply_rope(
    x: Float[Tensor, "*lead T d"], angles: Float[Tensor, "*#lead T f"], pairing: str = "half"
) -> Float[Tensor, "*lead T d"]:
    """The queries or keys, every pair of coordinates turned by its angle; coordinates beyond the angles stay."""
    return _turn(x, _table(angles, pairing), pairing)


def _partners_half(x: Tensor) -> Tensor:
    return x.roll(x.shape[-1] // 2, dims=-1)


def _partners_interleaved(x: Tensor) -> Tensor:
    return x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)


PARTNERS = {"half": _partners_half, "interleaved": _partners_interleaved}
PAIR_AXIS = {"half": -2, "interleaved": -1}


def _table(angles: Tensor, pairing: str) -> tuple[Tensor, Tensor]:
    axis = PAIR_AXIS[pairing]
    cos, sin = angles.cos(), angles.sin()
    return torch.stack((cos, cos), axis).flatten(-2), torch.stack((-sin, sin), axis).flatten(-2)


def _turn(x: Tensor, table: tuple[Tensor, Tensor], pairing: str) -> Tensor:
    cos, sin = table
    moving, still = x[..., : cos.shape[-1]], x[..., cos.shape[-1] :]
    turned = torch.addcmul(moving * cos, PARTNERS[pairing](moving), sin)
    return torch.cat((turned, still), dim=-1) if still.shape[-1] else turned


class RotaryPositions(NoPositions):
    """Unlike vectors added to the embeddings: only queries and keys turn, in every layer."""

    def __init__(
        self,
        d_head: int,
        base: float = 10_000.0,
        *,
        fraction: float = 1.0,
        pairing: str = "half",
        scaling: RopeScaling | None = None,
    ):
        super().__init__()
        self.n_turned = int(d_head * fraction)
        if self.n_turned < 2 or self.n_turned % 2:
            raise ValueError(
                f"coordinates turn in pairs, so fraction · d_head must be an even number, got {d_head=} and "
                f"{fraction=}: {d_head * fraction:g}"
            )
        if pairing not in PARTNERS:
            raise ValueError(f"pairing must be one of {', '.join(sorted(PARTNERS))}, got {pairing!r}")
        self.base, self.pairing, self.scaling = base, pairing, scaling or RopeScaling()
        self._last: tuple[Tensor, torch.dtype, tuple[Tensor, Tensor]] | None = None

    def rotate(
        self, q: Float[Tensor, "B H T d"], k: Float[Tensor, "B G T d"], positions: Int[Tensor, "*#B T"]
    ) -> tuple[Float[Tensor, "B H T d"], Float[Tensor, "B G T d"]]:
        """Queries and keys, turned by their positions."""
        table = self._table_of(positions, q.dtype)
        return _turn(q, table, self.pairing), _turn(k, table, self.pairing)

    def _table_of(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        if self._last is None or self._last[0] is not positions or self._last[1] != dtype:
            self._last = positions, dtype, self._make_table(positions, dtype)
        return self._last[2]

    def _make_table(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        with torch.inference_mode(False), torch.device(positions.device):
            frequencies = self.scaling.frequencies(self.n_turned, self.base)
            angles = rope_angles(positions, frequencies).unsqueeze(-3)  # B 1 T f: the same for every head
            factor = self.scaling.attention_factor
            cos, sin = _table(angles, self.pairing)
            return (cos * factor).to(dtype), (sin * factor).to(dtype)
