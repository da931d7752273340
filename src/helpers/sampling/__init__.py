"""From logits to text: what to keep of a distribution, and the loop that writes."""

from helpers.sampling.filters import next_token_probs, temperature, top_k, top_p
from helpers.sampling.generate import generate

__all__ = ["generate", "next_token_probs", "temperature", "top_k", "top_p"]
