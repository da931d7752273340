"""Where a model looks: every head of every layer as a small map, and what one token looks at in each of them.

Row = the token that looks, column = the token it looks at, weights from 0 to 1. Beside it the logit lens: what the
model would say next if it stopped after the embedding or after a block. Position 0 is the sign that begins a text.

Source: nostalgebraist 2020, "interpreting GPT: the logit lens"; Clark et al. 2019, "What Does BERT Look At?",
arXiv:1906.04341, section 3 (entropy of a head).
"""

from collections.abc import Sequence
from typing import Any

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from helpers.models import Decoder
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.bpe import check_encodable
from helpers.widgets.bundle import module, style
from helpers.widgets.live_model import LABELS as LIVE_LABELS
from helpers.widgets.live_model import LiveModel

LABELS = {
    "name": "Attention explorer",
    "text": "Text",
    "hint": "Point at a token to see where it looks; choose it to keep it. Choose a small map to change the head.",
    "tokens": "Tokens: choose the one that looks",
    "chip": "{token}, {share}",
    "later": "{token}, comes later",
    "start": "start",
    "end": "end of text",
    "percent": "{n}\u00a0%",
    "under_percent": "<\u00a01\u00a0%",
    "nothing": "–",
    "cut": "The text is too long to be read at once: only its last {room} tokens are read.",
    "looks": "In layer {layer}, head {head}, ‘{token}’ looks at: {seen}.",
    "seen": "‘{token}’ {share}",
    "cell": "In layer {layer}, head {head}, ‘{token}’ gives ‘{key}’ {share} of its attention.",
    "heads": "Heads: choose a map",
    "layer": "layer {layer}",
    "head": "head {head}",
    "head_name": "layer {layer}, head {head}: looks {distance} tokens back on average, entropy {entropy} nats",
    "distance": "{n} back",
    "entropy": "{n} nats",
    "large": "Layer {layer}, head {head}: looks {distance} tokens back on average, entropy {entropy} nats",
    "legend": "Each row is a token that looks, each column a token it looks at; the stronger the blue, the more.",
    "measures": "Under each small map: how many tokens back the head looks (mean distance) and how widely it spreads "
    "its look (mean entropy; 0 nats is one token only). The first row is not counted: it can only look at itself.",
    "lens": "After ‘{token}’: what the model would say next if it stopped after …",
    "embedding": "the embedding",
    "last": "layer {layer}, the last",
    "table": "What ‘{token}’ looks at, as a table",
    "position": "position",
    "token": "token",
    "weight": "weight",
}

TEXT = "This is the story of Leo, a kind little fox. Near the well lived"
LIMITS = {
    "tokens": 256,  # read and drawn
    "letters": 4000,  # cut into tokens: a word without end would take minutes
    "guesses": 3,  # in each row of the logit lens
}


class AttentionExplorer(LiveModel):
    """Small multiples of all heads, one of them large, and the text coloured by where the chosen token looks.

    `layer`, `head` and `token` count from 0, as in the book's figures; `token` is the place in what the model reads,
    whose place 0 is the start, and -1 is the last. Without a layer and a head, the one that looks hardest at an
    earlier token is shown first.
    """

    _esm = module("attention_explorer.js")
    _css = style("attention_explorer.css")

    text = traitlets.Unicode(TEXT).tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    token = traitlets.Int(-1).tag(sync=True)
    example = traitlets.Dict().tag(sync=True)
    limits = traitlets.Dict(LIMITS).tag(sync=True)
    labels = traitlets.Dict(LIVE_LABELS | LABELS).tag(sync=True)

    def __init__(
        self,
        model: str | Decoder = "gpt-tales",
        tokenizer: BPETokenizer | None = None,
        *,
        text: str = TEXT,
        **settings: Any,
    ) -> None:
        super().__init__(model, tokenizer, text=text, **settings)
        self.example = reading(self.decoder, self.cutter, text)
        if not settings.keys() & {"layer", "head"}:
            self.layer, self.head = most_striking(self.example, self.token)

    @property
    def looked_at(self) -> list[float]:
        """How much the chosen token looks at each one up to itself, to three decimals; read anew each time."""
        ids, _ = last_tokens(self.decoder, self.cutter, self.text)
        maps, _ = watched(self.decoder, ids)
        query = place_in(ids, self.token)
        return [weight / 1000 for weight in thousandths(maps[self.layer][self.head, query, : query + 1])]

    @traitlets.validate("text")
    def _text_can_be_read(self, proposal: Any) -> str:
        check_encodable(proposal["value"])
        return proposal["value"]

    @traitlets.validate("layer")
    def _layer_exists(self, proposal: Any) -> int:
        return place("layer", proposal["value"], self.decoder.config.n_layers)

    @traitlets.validate("head")
    def _head_exists(self, proposal: Any) -> int:
        return place("head", proposal["value"], self.decoder.config.n_heads)

    @traitlets.validate("token")
    def _token_is_a_place(self, proposal: Any) -> int:
        if proposal["value"] < -1:
            raise traitlets.TraitError(f"token must be a place from 0, or -1 for the last, got {proposal['value']}")
        return proposal["value"]


def place(name: str, value: int, n: int) -> int:
    """The value, if it counts one of `n` things from 0."""
    if not 0 <= value < n:
        raise traitlets.TraitError(f"{name} must be from 0 to {n - 1} in this model, got {value}")
    return value


def place_in(tokens: Sequence, token: int) -> int:
    """The place itself, or the last one if it is -1 or behind the end."""
    return token if 0 <= token < len(tokens) else len(tokens) - 1


def reading(decoder: Decoder, tokenizer: BPETokenizer, text: str) -> dict[str, Any]:
    """What the page shows before the model arrives: tokens, maps and guesses, numbers in thousandths.

    Each map is one list: row 0, row 1, … of its lower triangle.
    """
    ids, is_cut = last_tokens(decoder, tokenizer, text)
    maps, streams = watched(decoder, ids)
    return {
        "text": text,
        "is_cut": is_cut,
        "tokens": [name_of(i, tokenizer) for i in ids],
        "maps": [[triangle(head) for head in layer] for layer in maps],
        "lens": [[guesses(decoder, stream[i], tokenizer) for stream in streams] for i in range(len(ids))],
    }


def last_tokens(decoder: Decoder, tokenizer: BPETokenizer, text: str) -> tuple[list[int], bool]:
    """The start and as many of the text's last tokens as there is room for; and whether its beginning was lost."""
    ids = tokenizer.encode(text[-LIMITS["letters"] :])
    left = max(0, len(ids) + 1 - min(decoder.config.context_length, LIMITS["tokens"]))
    return [tokenizer.eot_id, *ids[left:]], left > 0 or len(text) > LIMITS["letters"]


@torch.no_grad()
def watched(decoder: Decoder, ids: list[int]) -> tuple[list[Float[Tensor, "H T T"]], list[Float[Tensor, "T D"]]]:
    """Each layer's maps, and the stream after the embedding and after each block."""
    maps: list[Tensor] = []
    streams: list[Tensor] = []
    hooks = [decoder.blocks[0].register_forward_pre_hook(lambda block, given: streams.append(given[0][0]))]
    for block in decoder.blocks:
        hooks.append(block.register_forward_hook(lambda block, given, stream: streams.append(stream[0])))
    try:
        decoder(torch.tensor([ids], device=decoder.token_embedding.weight.device), maps=maps)
    finally:
        for hook in hooks:
            hook.remove()
    return [layer[0] for layer in maps], streams


def thousandths(values: Tensor) -> list[int]:
    """Numbers from 0 to 1 as whole thousandths: half the characters of a decimal fraction."""
    return (values * 1000).round().int().tolist()


def triangle(weights: Float[Tensor, "T T"]) -> list[int]:
    """The rows of the lower triangle, one after the other: what lies above is the future and never looked at."""
    rows, columns = torch.tril_indices(*weights.shape)
    return thousandths(weights[rows, columns])


@torch.no_grad()
def guesses(decoder: Decoder, stream: Float[Tensor, " D"], tokenizer: BPETokenizer) -> list[list]:
    """The likeliest next tokens if the model stopped with this stream: [name, thousandths], best first."""
    best = decoder.lm_head(decoder.final_norm(stream)).softmax(-1).topk(LIMITS["guesses"])
    names = [name_of(i, tokenizer) for i in best.indices.tolist()]
    return [list(pair) for pair in zip(names, thousandths(best.values), strict=True)]


def name_of(token_id: int, tokenizer: BPETokenizer) -> str:
    """The token as text; what is no whole character as <e4><bd>."""
    content = tokenizer.decode_bytes([token_id])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(f"<{byte:02x}>" for byte in content)


def row_of(example: dict[str, Any], layer: int, head: int, token: int) -> list[float]:
    """How much the token looks at each one up to itself; a place behind the end means the last token."""
    query = place_in(example["tokens"], token)
    start = query * (query + 1) // 2
    return [weight / 1000 for weight in example["maps"][layer][head][start : start + query + 1]]


def most_striking(example: dict[str, Any], token: int) -> tuple[int, int]:
    """Layer and head in which the token looks hardest at one earlier token that is not the start."""
    heads = [(layer, head) for layer, maps in enumerate(example["maps"]) for head in range(len(maps))]
    return max(heads, key=lambda at: max(row_of(example, at[0], at[1], token)[1:-1], default=0.0))
