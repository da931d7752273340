"""Special tokens: ids that stand for no text, such as the end of a document.

Their spelling (`<|endoftext|>`) is only a name. In a document the same characters are ordinary text; they
become the special id only where the caller allows it, so that no document can smuggle in control tokens.
"""

import re
from collections.abc import Iterable

END_OF_TEXT = "<|endoftext|>"
LLAMA_3_END_OF_TEXT = "<|end_of_text|>"


def split_on_special(text: str, special_tokens: Iterable[str]) -> list[str]:
    """The text cut so that each special token stands alone; joined again, the pieces give the text.

    >>> split_on_special("one<|endoftext|>two", ["<|endoftext|>"])
    ['one', '<|endoftext|>', 'two']
    """
    # Longest first: a token that begins like a shorter one must win over it.
    names = sorted(special_tokens, key=len, reverse=True)
    if not names:
        return [text]
    return re.split(f"({'|'.join(map(re.escape, names))})", text)


def checked_special_tokens(special_tokens: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple, if each is a non-empty string and none comes twice."""
    if isinstance(special_tokens, str):
        raise ValueError(f"special_tokens must be a list of names, got the single string {special_tokens!r}")
    names = tuple(special_tokens)
    if "" in names or len(set(names)) < len(names):
        raise ValueError(f"special tokens must be distinct and not empty, got {names}")
    return names
