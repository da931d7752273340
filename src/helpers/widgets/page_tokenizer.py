"""A tokenizer for static/bpe.js: its content as JSON, once it is sure that the page cuts every text as Python does."""

import json
import re

from helpers.tokenizers import BPETokenizer

# What Python's patterns may hold and JavaScript's may not: flags inside, and quantifiers that never give back.
PYTHON_ONLY = re.compile(r"\(\?[a-zA-Z]|(?:[*+?]|\{[\d,]+\})\+")


def page_tokenizer(tokenizer: BPETokenizer) -> str:
    """The content of the tokenizer. Raises ValueError if the page would cut a text otherwise than it does."""
    content = tokenizer.to_dict()
    if "vocabulary" in content or tokenizer.whole_pieces:
        raise ValueError(
            "the page numbers tokens in the order of training (256 bytes, then one id for each merge), and this one "
            "has another order: it takes pieces whole, or came with a vocabulary in another order: give one from "
            "BPETokenizer.train, or see this one's tokens with tokenizer.tokens(text)"
        )
    if found := PYTHON_ONLY.search(tokenizer.pattern):
        raise ValueError(
            f"the page reads patterns that JavaScript knows too, got one with {found[0]!r}: "
            "give a tokenizer with GPT-2's pattern (the default)"
        )
    return json.dumps(content, separators=(",", ":"))
