"""What a reader sets to reshape a distribution before a token is drawn: the traits that sampling widgets share."""

from typing import Any

import numpy as np
import traitlets


class FilterTraits(traitlets.HasTraits):
    """Temperature, top-k and top-p, refused where they make no sense (as in `helpers.sampling.filters`)."""

    temperature = traitlets.Float(1.0).tag(sync=True)
    top_k = traitlets.Int(0).tag(sync=True)
    top_p = traitlets.Float(1.0).tag(sync=True)

    @traitlets.validate("temperature")
    def _temperature_is_not_negative(self, proposal: Any) -> float:
        if not 0 <= proposal["value"] < np.inf:
            raise traitlets.TraitError(f"temperature must be 0 (greedy) or more, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("top_k")
    def _top_k_is_a_count(self, proposal: Any) -> int:
        if proposal["value"] < 0:
            raise traitlets.TraitError(f"top_k must be 0 (off) or a number of tokens, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("top_p")
    def _top_p_is_a_probability(self, proposal: Any) -> float:
        if not 0 < proposal["value"] <= 1:
            raise traitlets.TraitError(f"top_p must be above 0 and at most 1 (off), got {proposal['value']}")
        return proposal["value"]
