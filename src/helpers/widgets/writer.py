"""The model writes in the page: play, pause, step, and choose for it.

Everything is computed in JavaScript (static/decoder.js), so it lives without a kernel. What a widget shows before its
weights arrive was written here, with the same seed and the same arithmetic: the page goes on where Python stopped.
"""

import json
import math
from typing import Any

import torch
import traitlets

from helpers import sampling
from helpers.models import Decoder
from helpers.tokenizers import BPETokenizer
from helpers.widgets.bundle import module, style
from helpers.widgets.filter_traits import FilterTraits
from helpers.widgets.live_model import LABELS as LIVE_LABELS
from helpers.widgets.live_model import LiveModel
from helpers.widgets.tales_grammar import tales_grammar

LABELS = LIVE_LABELS | {
    "name": "A model that writes",
    "prompt": "The story begins",
    "play": "Write",
    "pause": "Pause",
    "step": "Step",
    "back": "Back",
    "restart": "Restart",
    "temperature": "Temperature",
    "more": "More ways to choose the next token",
    "top_k": "Top-k",
    "top_p": "Top-p",
    "min_p": "Min-p",
    "repetition_penalty": "Repetition penalty",
    "seed": "Seed",
    "greedy": "0 greedy",
    "off": "off",
    "text": "The text so far",
    "legend_surprise": "Colour: how much a token surprised the model",
    "surprise_high": "{n} nats or more",
    "surprise_title": "{token}: {nats} nats",
    "surprise_table": "Surprise of each written token, as a table",
    "surprise_head": "token",
    "surprise_nats": "nats",
    "next": "Next token",
    "choose": "{token}, {probability}: write this one",
    "before": "model",
    "after": "after filters",
    "truth": "storyteller",
    "probability": "probability",
    "others": "{n} others",
    "none": "–",
    "end": "(end of the story)",
    "end_mark": " ∎",
    "best": "The storyteller, the best possible predictor, thinks: {words}.",
    "more_words": "and others",
    "best_word": "{word} {percent} %",
    "best_end": "the end {percent} %",
    "impossible": "The storyteller, the best possible predictor, is out of it: no tale has {word} here.",
    "over": "The story is over. Restart, or go back a token.",
    "full": "The context of {n} tokens is full. Restart, or go back a token.",
    "long": "The model reads at most {n} tokens of a beginning: only the last ones were read.",
}

PROMPT_SHARE = 0.75  # of the context; the rest is room to write
N_SHOWN = 8  # next tokens, one bar each


class Writer(FilterTraits, LiveModel):
    """A text that the model continues, its next-token bars, and the filters; click a bar to choose that token.

    `text` is what stands in the page: the prompt and what was written after it, whose ids are in `written`. A new
    prompt makes the page forget what was written. `is_playing` says whether it writes. Give `n_written` tokens to
    begin with. With `truth="tales"` the exact next-word distribution stands beside the model's.
    """

    _esm = module("writer.js")
    _css = style("writer.css")

    prompt = traitlets.Unicode("Once upon a time").tag(sync=True)
    written = traitlets.List(traitlets.Int()).tag(sync=True)
    is_playing = traitlets.Bool(False).tag(sync=True)
    min_p = traitlets.Float(0.0).tag(sync=True)
    repetition_penalty = traitlets.Float(1.0).tag(sync=True)
    seed = traitlets.Int(7).tag(sync=True)
    max_prompt = traitlets.Int().tag(sync=True)
    grammar = traitlets.Unicode().tag(sync=True)
    example = traitlets.Dict().tag(sync=True)
    labels = traitlets.Dict(LABELS).tag(sync=True)

    def __init__(
        self,
        model: str | Decoder = "gpt-tales",
        tokenizer: BPETokenizer | None = None,
        *,
        n_written: int = 24,
        truth: str | None = "tales",
        **settings: Any,
    ) -> None:
        if truth not in ("tales", None):
            raise ValueError(f"the truth is known for 'tales' only, or None for another corpus, got {truth!r}")
        super().__init__(model, tokenizer, **settings)
        self.grammar = json.dumps(tales_grammar(), separators=(",", ":")) if truth else ""
        self.max_prompt = int(PROMPT_SHARE * self.decoder.config.context_length)
        self._write_example(n_written)

    @property
    def text(self) -> str:
        """The prompt and what was written after it."""
        return self.prompt + self.cutter.decode(i for i in self.written if i != self.cutter.eot_id)

    @traitlets.validate("written")
    def _written_are_ids_with_room(self, proposal: Any) -> list[int]:
        ids, config = proposal["value"], self.decoder.config
        if any(not 0 <= i < config.vocab_size for i in ids):
            raise traitlets.TraitError(f"written holds ids from 0 to {config.vocab_size - 1}, got {ids}")
        if len(self._prompt_ids()) + len(ids) > config.context_length:
            raise traitlets.TraitError(
                f"prompt and written fit into a context of {config.context_length} tokens, got {len(ids)} written ones"
            )
        return ids

    @traitlets.validate("min_p")
    def _min_p_is_a_share(self, proposal: Any) -> float:
        if not 0 <= proposal["value"] <= 1:
            raise traitlets.TraitError(f"min_p must be from 0 (off) to 1, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("repetition_penalty")
    def _penalty_is_positive(self, proposal: Any) -> float:
        if not proposal["value"] > 0:
            raise traitlets.TraitError(f"repetition_penalty must be positive (1 is off), got {proposal['value']}")
        return proposal["value"]

    def _write_example(self, n: int) -> None:
        """Write the first tokens here, as the page would, and keep what it needs to show them."""
        ids = self._prompt_ids()
        surprise: list[float] = []
        written: list[int] = []
        while True:
            before, after = self._probabilities([*ids, *written])
            is_over = bool(written) and written[-1] == self.cutter.eot_id
            if is_over or len(written) >= n or len(ids) + len(written) >= self.decoder.config.context_length:
                break
            chosen = draw(after, uniform(self.seed, len(written)))
            surprise.append(round(-math.log(before[chosen]), 3))
            written.append(chosen)
        likely = sorted(range(len(before)), key=lambda i: -before[i])[:N_SHOWN]
        next_tokens = [[i, round(before[i], 4), round(after[i], 4)] for i in likely]
        self.example = {"prompt": self.prompt, "written": written, "surprise": surprise, "next": next_tokens}
        self.written = written

    def _prompt_ids(self) -> list[int]:
        """What the model reads first: the sign that a text begins, and the prompt's last tokens."""
        return [self.cutter.eot_id, *self.cutter.encode(self.prompt)[-self.max_prompt :]]

    @torch.no_grad()
    def _probabilities(self, ids: list[int]) -> tuple[list[float], list[float]]:
        """The next token's distribution as the model has it, and after the filters."""
        device = self.decoder.token_embedding.weight.device
        text = torch.tensor([ids], device=device)
        logits = self.decoder(text)[:, -1].double()
        after = sampling.next_token_probs(
            logits,
            self.temperature,
            self.top_k or None,
            self.top_p if self.top_p < 1 else None,
            self.min_p or None,
            self.repetition_penalty,
            text,
        )
        return logits.softmax(-1)[0].tolist(), after[0].tolist()


def uniform(seed: int, n: int) -> float:
    """The n-th number in [0, 1) of a seeded stream (mulberry32): the page's own, so that both draw the same tokens."""

    def wrap(x: int) -> int:
        return x & 0xFFFFFFFF

    state = wrap(seed + wrap((n + 1) * 0x6D2B79F5))
    state = wrap((state ^ (state >> 15)) * (state | 1))
    state ^= wrap(state + wrap((state ^ (state >> 7)) * (state | 61)))
    return (state ^ (state >> 14)) / 2**32


def draw(probabilities: list[float], u: float) -> int:
    """The token whose share of [0, 1) holds the number `u`."""
    reached = 0.0
    for index, p in enumerate(probabilities):
        reached += p
        if u < reached:
            return index
    return max(i for i, p in enumerate(probabilities) if p > 0)  # rounding: the sum may end just below 1
