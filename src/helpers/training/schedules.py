"""How the learning rate moves over a run, as a factor on its peak.

Source: Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983, equation 5; linear warm-up as in
Radford et al. 2018, section 4.1.
"""

import math
from collections.abc import Callable


def warmup_cosine(n_steps: int, n_warmup: int, final: float = 0.0) -> Callable[[int], float]:
    """A straight line up to 1 in `n_warmup` steps, then half a cosine down to `final` at the last step."""
    if not 0 <= n_warmup < n_steps:
        raise ValueError(f"warm-up must be shorter than the run, got {n_warmup=} and {n_steps=}")

    def factor(step: int) -> float:
        if step < n_warmup:
            return (step + 1) / n_warmup
        progress = min(1.0, (step - n_warmup) / max(1, n_steps - 1 - n_warmup))
        return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))

    return factor
