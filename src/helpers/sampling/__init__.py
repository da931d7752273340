"""From logits to text: what to keep of a distribution, and the loops that write."""

from helpers.sampling.beam import Beams, beam_search
from helpers.sampling.draw import Sampler, draw
from helpers.sampling.filters import min_p, next_token_probs, repetition_penalty, temperature, top_k, top_p
from helpers.sampling.generate import generate, stream
from helpers.sampling.language_model import LanguageModel
from helpers.sampling.prompts import left_padded
from helpers.sampling.rollouts import Rollout, roll_out, written_log_probs
from helpers.sampling.speculative import Speculated, speculative

__all__ = [
    "Beams",
    "LanguageModel",
    "Rollout",
    "Sampler",
    "Speculated",
    "beam_search",
    "draw",
    "generate",
    "left_padded",
    "min_p",
    "next_token_probs",
    "repetition_penalty",
    "roll_out",
    "speculative",
    "stream",
    "temperature",
    "top_k",
    "top_p",
    "written_log_probs",
]
