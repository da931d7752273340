"""A widget whose model runs in the page: the weights of a decoder, wherever the reader meets it.

The published book fetches a shipped checkpoint once per site. In a notebook the weights come from Python when the
widget asks for them, so they are not stored in the file; `embed=True` stores them, for a page that travels alone.
"""

import hashlib
from typing import Any

import anywidget
import traitlets

from helpers import checkpoints
from helpers.models import Decoder, DecoderConfig
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.special import END_OF_TEXT, LLAMA_3_END_OF_TEXT
from helpers.widgets.page_tokenizer import page_tokenizer

LABELS = {
    "example": "An example, computed beforehand.",
    "loading": "The model is on its way …",
    "failed": "The model did not arrive: {why}. What was computed beforehand stays.",
    "unpublished": "it lives in the notebook, not in this page; run the notebook to use it",
    "no_kernel": "Python is busy or gone; wait for the other cells, or run this one again",
    "retry": "Try again",
}

# What static/decoder.js computes: a word of the configuration -> the values it knows.
PAGE_WORDS: dict[str, tuple] = {
    "norm": ("layer_norm", "rms_norm"),
    "norm_position": ("pre",),
    "positions": ("learned", "rope"),
    "rope_scaling": (None,),
    "mlp": ("gelu", "relu_squared", "swiglu"),
    "parallel_residual": (False,),
    "embedding_norm": (False,),
    "qk_norm": (False,),
    "window": (0,),
    "experts": (None,),
    "latent": (None,),
}


class LiveModel(anywidget.AnyWidget):
    """What every widget with a live model has. Give the name of a shipped checkpoint, or a decoder and its tokenizer.

    `checkpoint` is that name, empty for a decoder of one's own: the published book has only the shipped ones.
    Raises ValueError for a decoder with parts that the page cannot compute, naming the word.
    """

    checkpoint = traitlets.Unicode().tag(sync=True)
    digest = traitlets.Unicode().tag(sync=True)
    tokenizer = traitlets.Unicode().tag(sync=True)
    end_of_text = traitlets.Int().tag(sync=True)
    weights = traitlets.Bytes(b"").tag(sync=True)

    def __init__(
        self,
        model: str | Decoder = "gpt-tales",
        tokenizer: BPETokenizer | None = None,
        *,
        embed: bool = False,
        **settings: Any,
    ) -> None:
        self.decoder, self.cutter = loaded(model, tokenizer)
        check_words(self.decoder.config)
        self._packed = checkpoints.pack(self.decoder)
        super().__init__(
            checkpoint=model if isinstance(model, str) else "",
            digest=hashlib.sha256(self._packed).hexdigest()[:12],
            tokenizer=page_tokenizer(self.cutter),
            end_of_text=self.cutter.eot_id,
            weights=self._packed if embed else b"",
            **settings,
        )
        self.on_msg(self._answer)

    def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
        """The page asks for the weights when it is about to use them."""
        if isinstance(content, dict) and content.get("kind") == "weights":
            self.send({"kind": "weights"}, [self._packed])


def loaded(model: str | Decoder, tokenizer: BPETokenizer | None) -> tuple[Decoder, BPETokenizer]:
    """The decoder and its tokenizer, from their name or as given."""
    if isinstance(model, str):
        return checkpoints.load(model)
    if tokenizer is None:
        raise ValueError("a decoder needs the tokenizer it was trained with: give both, or the name of a checkpoint")
    if not {END_OF_TEXT, LLAMA_3_END_OF_TEXT} & tokenizer.special.keys():
        names = ", ".join(tokenizer.special) or "none"
        raise ValueError(
            f"a text begins with the token {END_OF_TEXT}: make the tokenizer with it, got special tokens {names}"
        )
    return model, tokenizer


def check_words(config: DecoderConfig) -> None:
    """Raise ValueError if the page cannot compute a model of this configuration."""
    for word, known in PAGE_WORDS.items():
        value = getattr(config, word)
        if value not in known:
            choices = ", ".join(map(repr, known))
            raise ValueError(f"the model in the page knows {word} = {choices}, got {value!r}: run this model in Python")
