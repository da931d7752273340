"""Writing within a form: at every step the tokens that would break it are out of the question.

The form is a regular expression. A text can still become right if it is the beginning of something that matches, which
`regex` can tell (partial matching). A token is allowed if the text with it still can; the end, if the text matches now.
What is written always has the form. Whether it is true is another matter. A form may hold only characters that some
token spells whole: a byte of a longer one is no beginning of it.

Source: Willard and Louf 2023, "Efficient Guided Generation for Large Language Models", arXiv:2307.09702, who walk an
automaton in place of matching anew.
"""

import regex
import torch

from helpers.sampling.language_model import LanguageModel, device_of, evaluating
from helpers.sampling.reader import Reader
from helpers.tokenizers import BPETokenizer


def can_begin(text: str, pattern: str) -> bool:
    """Whether something that matches the whole pattern begins with this text.

    >>> can_begin("4", "[0-9]{2}"), can_begin("4x", "[0-9]{2}")
    (True, False)
    """
    return regex.fullmatch(pattern, text, partial=True) is not None


def constrained(
    model: LanguageModel, tokenizer: BPETokenizer, prompt: list[int], pattern: str, stop: int, n_new: int = 100
) -> str:
    """The text that greedy writing gives when it may only take allowed tokens: each time the likeliest of them.

    Raises ValueError if no token is allowed, or the text is not finished after `n_new` tokens.
    """
    ids = torch.tensor([prompt], device=device_of(model))
    reader, written = Reader(model, 1, len(prompt) + n_new), ""
    special = set(tokenizer.special.values())
    with evaluating(model):
        for _ in range(n_new):
            with torch.inference_mode():
                ranked = reader(ids)[0, -1].argsort(descending=True).tolist()
            token = next((t for t in ranked if _is_allowed(t, written, tokenizer, pattern, stop, special)), None)
            if token is None:
                raise ValueError(f"no token can follow {written!r} in the form {pattern!r}")
            if token == stop:
                return written
            written += tokenizer.decode([token])
            ids = torch.cat([ids, ids.new_tensor([[token]])], dim=1)
    raise ValueError(f"the form {pattern!r} asks for more than {n_new} tokens, got as far as {written!r}")


def _is_allowed(token: int, written: str, tokenizer: BPETokenizer, pattern: str, stop: int, special: set[int]) -> bool:
    if token == stop:
        return regex.fullmatch(pattern, written) is not None
    return token not in special and can_begin(written + tokenizer.decode([token]), pattern)
