"""Positions as clock hands under the reader's fingers: move query and key together, and the score stays as it is.

Each pair of coordinates is a dial with two hands, turned by the position of the query and of the key. The score is
that of two equal vectors of length 1, alike in every pair: the mean over the dials of the cosine between their hands
(times the square of YaRN's attention factor). It is also what a random direction, given to both, scores on average.

Source: Su et al. 2021, "RoFormer", arXiv:2104.09864, sections 3.2 and 3.4.3; for the scaling rules see rope_scaling.py.
"""

from collections.abc import Callable
from typing import Any

import anywidget
import torch
import traitlets

from helpers.positions import (
    LinearScaling,
    Llama3Scaling,
    NtkScaling,
    RopeScaling,
    YarnScaling,
    apply_rope,
    rope_angles,
)
from helpers.widgets.bundle import module, style

SCALINGS: dict[str, Callable[[float, int], RopeScaling]] = {
    "none": lambda factor, length: RopeScaling(),
    "linear": lambda factor, length: LinearScaling(factor),
    "ntk": lambda factor, length: NtkScaling(factor),
    "yarn": lambda factor, length: YarnScaling(factor, length),
    "llama3": lambda factor, length: Llama3Scaling(factor, original_context=length),
}

RANGES = {
    "query_position": (0, 10_000_000),
    "key_position": (0, 10_000_000),
    "d_head": (4, 256),
    "base": (2, 1e12),
    "factor": (1, 1000),
    "trained_length": (2, 1_000_000),
}

LABELS = {
    "name": "RoPE explorer",
    "query": "Query at",
    "key": "Key at",
    "both": "Move both",
    "status": "Query and key are {distance} tokens apart: score {score}. Now move both.",
    "status_moved": "Both moved by {shift}, every hand turned, the score is still {score}: only the distance counts.",
    "dials": "{n} dials, one for each pair of coordinates.",
    "query_hand": "query",
    "key_hand": "key",
    "seen": "angles between the hands seen in training",
    "turn": "below: tokens for one turn",
    "slower": "÷4: turns 4 times slower",
    "new": "new",
    "slowed": "÷{ratio}",
    "within": "{slow} of {n} pairs never turn once within the {length} tokens of training. At a distance below "
    "{length}, every angle was seen there.",
    "beyond": "{slow} of {n} pairs never turn once within the {length} tokens of training. At distance "
    "{distance}, dials with an angle never seen there: {new} of {n}.",
    "beyond_scaled": "{slow} of {n} pairs never turn once within the {length} tokens of training. At distance "
    "{distance}, dials with an angle never seen there: {unscaled} of {n} unscaled, {new} of {n} with {rule} by "
    "{factor}.",
    "base": "Base",
    "scaling": "Scaling rule",
    "factor": "Factor",
    "none": "none",
    "linear": "linear (position interpolation)",
    "ntk": "NTK-aware",
    "yarn": "YaRN",
    "llama3": "Llama 3",
    "curve": "The score by distance, from 0 to {span} tokens: {score} at the present distance of {distance}. Training "
    "ended at {length}.",
    "axis": "distance in tokens",
    "score": "score",
    "unseen": "further than in training",
    "line": "at each distance",
    "trend": "mean of {window} around",
    "plain": "that mean, unscaled",
    "note": "Query and key: the same vector of length 1, alike in every pair. Its score is the mean over the dials of "
    "the cosine between the two hands.",
    "note_sharpened": "Query and key: the same vector of length 1, alike in every pair. Its score is the mean over the "
    "dials of the cosine between the two hands, times {sharpening}: YaRN sharpens.",
    "dials_table": "The dials as a table",
    "pair": "pair",
    "wavelength": "tokens for one turn",
    "ratio": "times slower",
    "turns": "turns in training",
    "angle": "between the hands",
    "degrees": "{angle}°",
    "is_seen": "seen in training",
    "yes": "yes",
    "no": "no",
    "curve_table": "The curve as a table",
    "distance": "distance",
}


class RopeExplorer(anywidget.AnyWidget):
    """Sliders for two positions, a dial for each pair of coordinates, the score by distance, and the scaling rules.

    `scaling` is one of none, linear, ntk, yarn, llama3; `trained_length` is the context that it starts from.
    `score` follows the other traits. `rule` goes on in the notebook: `RotaryPositions(..., scaling=explorer.rule)`.
    """

    _esm = module("rope_explorer.js")
    _css = style("rope_explorer.css")

    query_position = traitlets.Int(700).tag(sync=True)
    key_position = traitlets.Int(100).tag(sync=True)
    d_head = traitlets.Int(16).tag(sync=True)
    base = traitlets.Float(10_000.0).tag(sync=True)
    scaling = traitlets.Unicode("none").tag(sync=True)
    factor = traitlets.Float(4.0).tag(sync=True)
    trained_length = traitlets.Int(256).tag(sync=True)
    labels = traitlets.Dict(LABELS).tag(sync=True)
    score = traitlets.Float(read_only=True)  # not for the page, which has its own

    @property
    def rule(self) -> RopeScaling:
        """The scaling chosen, as the library has it."""
        return SCALINGS[self.scaling](self.factor, self.trained_length)

    @traitlets.default("score")
    def _dot_product(self) -> float:
        positions = torch.tensor([self.query_position, self.key_position])
        angles = rope_angles(positions, self.rule.frequencies(self.d_head, self.base).double())
        same = torch.full((2, self.d_head), self.d_head**-0.5, dtype=torch.float64)
        query, key = self.rule.attention_factor * apply_rope(same, angles)
        return float(query @ key)

    @traitlets.observe(*RANGES, "scaling")
    def _score_again(self, _: Any) -> None:
        self.set_trait("score", self._dot_product())

    @traitlets.validate(*RANGES)
    def _number_is_in_range(self, proposal: Any) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        least, most = RANGES[name]
        if not least <= value <= most:
            raise traitlets.TraitError(f"{name} must be from {least:,} to {most:,.0f}, got {value}")
        if name == "d_head" and value % 2:
            raise traitlets.TraitError(f"coordinates turn in pairs, so d_head must be even, got {value}")
        return value

    @traitlets.validate("scaling")
    def _scaling_is_known(self, proposal: Any) -> str:
        if proposal["value"] not in SCALINGS:
            raise traitlets.TraitError(f"scaling must be one of {', '.join(SCALINGS)}, got {proposal['value']!r}")
        return proposal["value"]
