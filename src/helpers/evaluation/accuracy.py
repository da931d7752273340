"""How often a model's first choice is right at the places that matter: where a fact from before comes back.

The loss averages over all words, most of which any model gets right; a recalled name is one word in thirty.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate

import torch
from torch import nn

from helpers.tokenizers import BPETokenizer

Span = tuple[str, int, int]  # what is said there, its first character, and the one after its last


def token_spans(text: str, ids: Sequence[int], tokenizer: BPETokenizer, spans: Iterable[Span]) -> list[Span]:
    """The same spans counted in tokens: a token belongs to a span when it holds one of its characters."""
    lengths = [len(tokenizer.decode_bytes([i])) for i in ids]
    ends = list(accumulate(lengths))
    starts = [end - length for end, length in zip(ends, lengths, strict=True)]
    found = []
    for name, first, last in spans:
        begin, end = (len(text[:place].encode()) for place in (first, last))  # characters to bytes
        inside = [i for i in range(len(ids)) if starts[i] < end and ends[i] > begin]
        found.append((name, inside[0], inside[-1] + 1))
    return found


@torch.inference_mode()
def recall(
    model: nn.Module, tokenizer: BPETokenizer, texts: Sequence[str], spans: Sequence[Sequence[Span]]
) -> dict[str, list[bool]]:
    """For each kind of span, whether the model's most likely token was the true one, span by span.

    Only a span's first token counts: the rest of a name follows from its beginning.
    """
    device = next(model.parameters()).device
    hits: dict[str, list[bool]] = defaultdict(list)
    for text, wanted in zip(texts, spans, strict=True):
        ids = tokenizer.encode(text)
        best = model(torch.tensor([[tokenizer.eot_id, *ids]], device=device))[0].argmax(dim=-1).tolist()
        for name, first, _ in token_spans(text, ids, tokenizer, wanted):
            hits[name].append(best[first] == ids[first])  # position `first` predicts it: end-of-text shifts by one
    return dict(hits)
