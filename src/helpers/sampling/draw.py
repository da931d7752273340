"""Drawing the next token: chance has a say only here, and only through the generator it is handed.

Source: Maddison et al. 2014, "A* Sampling", arXiv:1411.0030, section 2 (the Gumbel-max trick,
of which this is the exponential form).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from helpers.sampling.filters import next_token_probs, repetition_penalty


def draw(probs: Float[Tensor, "*lead V"], generator: torch.Generator | None = None) -> Int[Tensor, "*lead"]:
    """One token by chance, each as often as its probability says.

    Each token's clock rings after a time E / p, E exponential: the likelier, the sooner. The first to ring wins, the
    largest p / E. `torch.multinomial` does the same, with checks for which it has to wait for the device.
    """
    return (probs / torch.empty_like(probs).exponential_(generator=generator)).argmax(dim=-1)


@dataclass(frozen=True)
class Sampler:
    """How a token is chosen from logits; temperature 0 is greedy. The filters work in the order of `filters.py`."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    generator: torch.Generator | None = None

    def __post_init__(self) -> None:
        self.probs(torch.zeros(1), torch.zeros(1, dtype=torch.long))  # senseless settings are refused here

    def probs(
        self, logits: Float[Tensor, "*lead V"], text: Int[Tensor, "*lead N"] | None = None
    ) -> Float[Tensor, "*lead V"]:
        """The distribution that is drawn from, after this text (a repetition penalty needs to know it)."""
        return next_token_probs(
            logits, self.temperature, self.top_k, self.top_p, self.min_p, self.repetition_penalty, text
        )

    def __call__(self, logits: Float[Tensor, "*lead V"], text: Int[Tensor, "*lead N"]) -> Int[Tensor, "*lead"]:
        """The next token of each text."""
        if self.temperature > 0:
            return draw(self.probs(logits, text), self.generator)
        if self.repetition_penalty != 1:
            logits = repetition_penalty(logits, text, self.repetition_penalty)
        return logits.argmax(dim=-1)
