"""Compute, tokens per parameter, and what the laws of scale say about them."""

from typing import NamedTuple

from helpers.ledger.number import Number
from helpers.ledger.parameters import size

TRILLION = 1e12


class Fit(NamedTuple):
    """A loss fitted as E + A / N^α + B / D^β; E moves no optimum."""

    a: float
    b: float
    alpha: float
    beta: float


PRINTED = Fit(406.4, 410.7, 0.34, 0.28)  # Hoffmann et al. 2022, approach 3
REFITTED = Fit(482.01, 2085.43, 0.3478, 0.3658)  # Besiroglu et al. 2024


def tokens_per_parameter(fit: Fit, flops: float) -> float:
    """The best D / N for a budget, with C = 6 N D. Source: Hoffmann et al. 2022, equation 4."""
    a, b, alpha, beta = fit
    g = (alpha * a / (beta * b)) ** (1 / (alpha + beta))
    return (flops / 6) ** ((alpha - beta) / (alpha + beta)) / g**2


def chinchilla_fits() -> list[Number]:
    """The third approach at Gopher's budget, with the printed constants and with those of the refit."""
    return [
        Number("tokens per parameter, printed constants", tokens_per_parameter(PRINTED, 5.76e23), 93, "", 0.5),
        Number("tokens per parameter, refitted", tokens_per_parameter(REFITTED, 5.76e23), 18, "", 0.5),
    ]


def chinchilla_ratio() -> list[Number]:
    """Chinchilla and Gopher, which it beat with a quarter of the parameters."""
    return [
        Number("Chinchilla, tokens per parameter", 1.4 * TRILLION / 70e9, 20),
        Number("Gopher, tokens per parameter", 0.3 * TRILLION / 280e9, 1.1, "", 0.05),
    ]


def kaplan_split() -> list[Number]:
    """Ten times the compute by N ∝ C^0.73: the rest goes to tokens."""
    return [
        Number("10 × compute, model", 10**0.73, 5.5, "times as large", 0.2),
        Number("10 × compute, tokens", 10**0.27, 1.8, "times as many", 0.1),
    ]


def gpt3_compute() -> list[Number]:
    """6 × parameters × tokens."""
    flops = 6 * size("gpt3-175b").total * 0.3 * TRILLION
    return [Number("GPT-3, 6 × parameters × tokens", flops, 3.14e23, "FLOPs", 0.005e23)]


def llama_tokens_per_parameter() -> list[Number]:
    """From 148 for the smallest LLaMA 1 to 1,868 for Llama 3 8B; 20 would be best for training alone."""
    stated = {"1-7b": (1.0, 148), "1-13b": (1.0, 77), "1-33b": (1.4, 43), "1-65b": (1.4, 21), "3-8b": (15, 1868)}
    return [
        Number(
            f"Llama {name.upper()}, tokens per parameter", n * TRILLION / size(f"llama-{name}").total, ratio, "", 0.5
        )
        for name, (n, ratio) in stated.items()
    ]


def bloom_tokens_per_parameter() -> list[Number]:
    """366 billion tokens."""
    ratio = 0.366 * TRILLION / size("bloom-176b").total
    return [Number("BLOOM, tokens per parameter", ratio, 2.1, "", 0.05)]


def all_or_nothing() -> list[Number]:
    """Ten digits right at once: a smooth rise of each looks like a jump of all."""
    stated = {0.5: 0.00098, 0.8: 0.1074, 0.95: 0.5987}
    return [
        Number(f"all of ten tokens right at {p} each", p**10, together, "", 0.00005) for p, together in stated.items()
    ]
