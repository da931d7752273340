"""How the learning rate moves over a run, as a factor on its peak.

A cosine must know the run's length from its first step; a rate that stays at its peak until a short decay at the end
can be carried on from any step before the decay.

Source: Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983, equation 5; linear warm-up as in
Radford et al. 2018, section 4.1; Hu et al. 2024, "MiniCPM", arXiv:2404.06395 (warm-up, stable, decay);
Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", arXiv:2405.18392
(the decay 1 − √).
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


DECAYS: dict[str, Callable[[float], float]] = {
    "linear": lambda progress: 1 - progress,
    "1-sqrt": lambda progress: 1 - math.sqrt(progress),
}


def warmup_stable_decay(
    n_steps: int, n_warmup: int, n_decay: int, decay: str = "1-sqrt", final: float = 0.0
) -> Callable[[int], float]:
    """A straight line up to 1 in `n_warmup` steps, then 1, then in the last `n_decay` steps down to `final`.

    `decay` is the shape of the way down: "linear", or "1-sqrt", which falls fast at first and then slowly.
    """
    if n_warmup < 0 or n_decay < 0 or n_warmup + n_decay > n_steps:
        raise ValueError(f"warm-up and decay must fit into the run, got {n_warmup=}, {n_decay=} and {n_steps=}")
    if decay not in DECAYS:
        raise ValueError(f"a decay is one of {', '.join(map(repr, DECAYS))}, got {decay!r}")

    def factor(step: int) -> float:
        if step < n_warmup:
            return (step + 1) / n_warmup
        n_decayed = min(step + 1, n_steps) - (n_steps - n_decay)
        return final + (1 - final) * DECAYS[decay](n_decayed / n_decay) if n_decayed > 0 else 1.0

    return factor


def warmup_linear(n_steps: int, n_warmup: int, final: float = 0.0) -> Callable[[int], float]:
    """A straight line up to 1 in `n_warmup` steps, then one down to `final` at the last step."""
    if not 0 <= n_warmup < n_steps:
        raise ValueError(f"warm-up must be shorter than the run, got {n_warmup=} and {n_steps=}")
    return warmup_stable_decay(n_steps, n_warmup, n_steps - 1 - n_warmup, "linear", final)
