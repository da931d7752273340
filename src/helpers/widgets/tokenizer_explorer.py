"""A text as characters, bytes and tokens, one above the other, while a slider replays the training merge by merge.

A merge of the training is applied to any text in the order in which it was learned, so the tokens after the first m
merges are what the tokenizer would have said when its training had come that far. Everything is computed in
JavaScript as the reader types; the ids and tokens in Python come from `BPETokenizer` itself.

Source: Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units", arXiv:1508.07909,
section 3.2; on bytes: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.2.
"""

from importlib.resources import as_file, files
from typing import Any

import anywidget
import traitlets

from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.bpe import check_encodable
from helpers.widgets.bundle import module, style
from helpers.widgets.page_tokenizer import page_tokenizer

LABELS = {
    "name": "Tokenizer explorer",
    "text": "Type in any language, or take one of these",
    "full": "The box is full: it holds {limit} characters.",
    "merges": "Merges applied",
    "place": "{m} of {n}",
    "curve": "Number of tokens of this text after each merge; now {tokens}.",
    "curve_start": "tokens, starting from {n} bytes",
    "curve_level": "{n} characters",
    "previous": "◀ Previous merge in this text",
    "next": "Next merge in this text ▶",
    "characters": "characters",
    "bytes": "bytes",
    "tokens": "tokens",
    "ratio": "bytes per token",
    "empty": "There is nothing to cut yet: type something.",
    "no_merge": "No merge yet: every byte is a token.",
    "absent": "Merge {m} of {n}: ‘{left}’ + ‘{right}’ → ‘{whole}’, not in this text.",
    "absent_since": "Merge {m} of {n}: ‘{left}’ + ‘{right}’ → ‘{whole}’, not in this text; the last was {last}.",
    "once": "Merge {m} of {n}: ‘{left}’ + ‘{right}’ → ‘{whole}’, once in this text (marked).",
    "often": "Merge {m} of {n}: ‘{left}’ + ‘{right}’ → ‘{whole}’, {times} times in this text (marked).",
    "split": "Dashed tokens are only parts of a character. Characters cut in parts: {split} of {characters}.",
    "picture": "The text as a row of {characters} characters, the {bytes} bytes that spell them, and {tokens} tokens.",
    "drawn": "The picture shows the first {drawn} of {bytes} bytes; the numbers and the curve count all.",
    "token_table": "The tokens as a table",
    "token": "token",
    "id": "id",
    "its_bytes": "its bytes",
    "its_merge": "made by merge",
    "merge_table": "The merges in this text as a table",
    "merge": "merge",
    "joins": "joins",
    "times": "times here",
    "tokens_after": "tokens after it",
    "none": "–",
}

TEXT = "The fox hid a golden key under the bridge."

# The last one writes é twice: as one character, then as e and an accent to put on it.
SAMPLES = [
    {"name": "English", "lang": "en", "text": TEXT},
    {"name": "中文", "lang": "zh", "text": "狐狸把钥匙藏在桥下。"},
    {"name": "العربية", "lang": "ar", "text": "خبأ الثعلب المفتاح تحت الجسر."},
    {"name": "Emoji 🦊", "lang": "en", "text": "🦊 + 🔑 = 👩‍👧 🎉"},
    {"name": "é = e + ´", "lang": "fr", "text": "caf\u00e9 cafe\u0301"},
]

LONGEST = 2000  # characters; about 300 English words


class TokenizerExplorer(anywidget.AnyWidget):
    """A text box, a slider for the number of merges, and the text as characters, bytes and tokens.

    `text` and `n_merges` say where the reader is, and may be set; `ids` and `tokens` are the answer of the
    tokenizer with the first `n_merges` merges. Without a tokenizer it is that of the model `gpt-tales`.

    Raises ValueError for a tokenizer whose ids have another order than this package's, or that the page cannot follow.
    """

    _esm = module("tokenizer_explorer.js")
    _css = style("tokenizer_explorer.css")

    tokenizer = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    n_merges = traitlets.Int().tag(sync=True)
    samples = traitlets.List(traitlets.Dict(), SAMPLES).tag(sync=True)
    longest = traitlets.Int(LONGEST, read_only=True).tag(sync=True)
    labels = traitlets.Dict(LABELS).tag(sync=True)
    ids = traitlets.List(traitlets.Int())
    tokens = traitlets.List(traitlets.Unicode())

    def __init__(
        self,
        tokenizer: BPETokenizer | None = None,
        text: str = TEXT,
        *,
        n_merges: int | None = None,
        **settings: Any,
    ) -> None:
        self.cutter = shipped_tokenizer() if tokenizer is None else tokenizer
        super().__init__(
            tokenizer=page_tokenizer(self.cutter),
            text=text,
            n_merges=len(self.cutter.merges) if n_merges is None else n_merges,
            **settings,
        )
        self._cut()

    @traitlets.validate("text")
    def _text_can_be_cut(self, proposal: Any) -> str:
        text = proposal["value"]
        check_encodable(text)
        if len(text) > LONGEST:
            raise traitlets.TraitError(
                f"the explorer draws texts of at most {LONGEST} characters, got {len(text)}: give it a part, "
                "or cut the whole text with tokenizer.encode(text)"
            )
        return text

    @traitlets.validate("n_merges")
    def _n_merges_is_a_count(self, proposal: Any) -> int:
        if not 0 <= proposal["value"] <= len(self.cutter.merges):
            raise traitlets.TraitError(
                f"n_merges counts the merges applied, from 0 (bytes) to all {len(self.cutter.merges)}, "
                f"got {proposal['value']}"
            )
        return proposal["value"]

    @traitlets.observe("text", "n_merges")
    def _cut(self, change: Any = None) -> None:
        """Cut the text as the tokenizer would have done after so many merges."""
        young = BPETokenizer(self.cutter.merges[: self.n_merges], pattern=self.cutter.pattern)
        self.ids, self.tokens = young.encode(self.text), young.tokens(self.text)


def shipped_tokenizer() -> BPETokenizer:
    """The tokenizer of the model `gpt-tales`, without its weights."""
    with as_file(files("helpers.checkpoints") / "gpt-tales.tokenizer.json") as path:
        return BPETokenizer.load(path)
