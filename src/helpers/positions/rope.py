"""Rotary positions: queries and keys are turned by their position, so a score depends on their distance only.

Each pair of coordinates turns at its own speed, like the hands of a clock. Two conventions exist for what a pair is:
"half" (GPT-NeoX, Hugging Face's LLaMA) pairs coordinate i with i + d/2; "interleaved" (the paper, Meta's LLaMA, GPT-J)
pairs 2i with 2i+1. They are the same up to the order of coordinates. Angles are computed in float32, also in a model
of 16 bits: at position 1,000 a bfloat16 could only tell every fourth position apart.

`apply_rope` is the definition, to be read. The model turns all heads of all layers, so `RotaryPositions` prepares
cosines and sines once a call and turns with as few operations as it can (rope_pairing.py); tests hold the two equal.

Source: Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv:2104.09864, equations 15
and 34; turning only a part of the head: Black et al. 2022, "GPT-NeoX-20B", arXiv:2204.06745, section 2.1.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from helpers.positions.none import NoPositions
from helpers.positions.rope_pairing import pairing_rule


def rope_frequencies(d: int, base: float = 10_000.0) -> Float[Tensor, " {d}//2"]:
    """How far each pair turns per position, in radians: from 1 for the first to nearly 1/`base` for the last."""
    if d % 2:
        raise ValueError(f"coordinates turn in pairs, so their number must be even, got {d=}")
    return 1.0 / base ** (torch.arange(0, d, 2) / d)


def rope_angles(positions: Int[Tensor, "*B T"], frequencies: Float[Tensor, " f"]) -> Float[Tensor, "*B T f"]:
    """How far each pair is turned at each position, in radians."""
    return positions[..., None] * frequencies


def apply_rope(
    x: Float[Tensor, "*lead T d"], angles: Float[Tensor, "*#lead T f"], pairing: str = "half"
) -> Float[Tensor, "*lead T d"]:
    """The queries or keys, each pair of coordinates turned by its angle. With fewer angles than pairs the last
    coordinates stay as they are."""
    rule, n_turned = pairing_rule(pairing), 2 * angles.shape[-1]
    if n_turned > x.shape[-1]:
        raise ValueError(f"one angle turns two coordinates, got {angles.shape[-1]} angles for {x.shape[-1]}")
    moving, still = x[..., :n_turned], x[..., n_turned:]
    first, second = moving.unflatten(-1, rule.layout).unbind(rule.axis)
    cos, sin = angles.cos(), angles.sin()
    turned = torch.stack((first * cos - second * sin, first * sin + second * cos), rule.axis)
    return torch.cat((turned.flatten(-2).to(x.dtype), still), dim=-1)


@dataclass(frozen=True)
class RopeScaling:
    """The speeds as they are. The rules that let a model read further than it was trained override this: see
    rope_scaling.py."""

    @property
    def attention_factor(self) -> float:
        """What turned queries and keys are multiplied by, each."""
        return 1.0

    def frequencies(self, d: int, base: float) -> Float[Tensor, " {d}//2"]:
        """How far each of the `d // 2` pairs turns per position, in radians."""
        return rope_frequencies(d, base)


class RotaryPositions(NoPositions):
    """Unlike vectors added to the embeddings: only queries and keys turn, in every layer.

    `fraction` of each head turns, the rest does not know its position. All layers of one call are given the same
    `positions` object, so cosines and sines are computed for the first and remembered until another object comes.
    Whoever changes positions in place is not noticed: make new ones.
    """

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
        self.d_head, self.n_turned = d_head, int(d_head * fraction)
        if not 2 <= self.n_turned <= d_head or self.n_turned % 2:
            raise ValueError(
                f"an even number of coordinates turns, from 2 to d_head, got {self.n_turned} from {d_head=} and "
                f"{fraction=}"
            )
        self.base, self.rule, self.scaling = base, pairing_rule(pairing), scaling or RopeScaling()
        self._speeds: Tensor | None = None  # no buffer: model.half() would round it, the meta device lose it
        self._remembered: tuple[Tensor, torch.dtype, Any] | None = None

    def rotate(
        self, q: Float[Tensor, "B H T d"], k: Float[Tensor, "B G T d"], positions: Int[Tensor, "*#B T"]
    ) -> tuple[Float[Tensor, "B H T d"], Float[Tensor, "B G T d"]]:
        """Queries and keys, turned by their positions: what `apply_rope` gives, in fewer operations."""
        if q.shape[-1] != self.d_head:
            raise ValueError(f"this scheme was made for heads of {self.d_head} coordinates, got {q.shape[-1]}")
        both = torch.cat((q, k), dim=1)  # one turn is faster than two
        both = self.rule.turn_front(both, self._table(positions, q.dtype), self.n_turned)
        q, k = both.split_with_sizes((q.shape[1], k.shape[1]), dim=1)
        return q, k

    def _table(self, positions: Tensor, dtype: torch.dtype) -> Any:
        kept = self._remembered  # read once: another thread may be writing with the same model
        if kept is None or kept[0] is not positions or kept[1] is not dtype:
            with torch.inference_mode(False):  # what is made inside it could not be used in training afterwards
                angles = rope_angles(positions, self._speeds_on(positions.device)).unsqueeze(-3)  # B 1 T f
                angles = angles.to(torch.promote_types(dtype, torch.float32))
                table = self.rule.table(angles, self.scaling.attention_factor, dtype)
            self._remembered = kept = positions, dtype, table
        return kept[2]

    def _speeds_on(self, device: torch.device) -> Tensor:
        if self._speeds is None or self._speeds.device != device:
            with device:
                self._speeds = self.rule.speeds(self.scaling.frequencies(self.n_turned, self.base))
        return self._speeds
