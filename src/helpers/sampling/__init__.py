"""From logits to text: what to keep of a distribution, and the loops that write."""

from helpers.sampling.beam import Beams, beam_search
from helpers.sampling.chat import Chat, Endpoint, LocalChat, chat_from_environment
from helpers.sampling.chat_server import serving
from helpers.sampling.constrained import can_begin, constrained
from helpers.sampling.draw import Sampler, draw
from helpers.sampling.filters import min_p, next_token_probs, repetition_penalty, temperature, top_k, top_p
from helpers.sampling.generate import generate, stream
from helpers.sampling.language_model import LanguageModel
from helpers.sampling.prompts import left_padded
from helpers.sampling.rollouts import Rollout, roll_out, written_log_probs
from helpers.sampling.speculative import Speculated, speculative
from helpers.sampling.tools import CallError, Tool, is_call, run_agent, run_call

__all__ = [
    "Beams",
    "CallError",
    "Chat",
    "Endpoint",
    "LanguageModel",
    "LocalChat",
    "Rollout",
    "Sampler",
    "Speculated",
    "Tool",
    "beam_search",
    "can_begin",
    "chat_from_environment",
    "constrained",
    "draw",
    "generate",
    "is_call",
    "left_padded",
    "min_p",
    "next_token_probs",
    "repetition_penalty",
    "roll_out",
    "run_agent",
    "run_call",
    "serving",
    "speculative",
    "stream",
    "temperature",
    "top_k",
    "top_p",
    "written_log_probs",
]
