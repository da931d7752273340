r"""Pre-tokenization: cut text into word-like pieces that no merge may cross.

Without it, byte-pair encoding spends its vocabulary on strings like "dog." and "dog!" beside "dog". GPT-2's
pattern cuts off English contractions, then takes runs of letters, of digits, or of other signs, each with at
most one space in front, then the white space that is left.
The pattern needs \p{L} (any letter) and \p{N} (any number). Python's `re` has neither, and its \w and \d
cannot make them: \w holds numbers that \d does not, such as ² and Ⅷ. So this file uses the `regex` package.

Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.2; the pattern is
in its released code, encoder.py.
"""

import regex

# The space-prefixed classes are tried in order; \s+(?!\S) leaves the last space to the word that follows it.
GPT2_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def pretokenize(text: str, pattern: str = GPT2_PATTERN) -> list[str]:
    """The pieces in order; joined, they give the text again.

    >>> pretokenize("The fox didn't  move.")
    ['The', ' fox', ' didn', "'t", ' ', ' move', '.']
    """
    return regex.findall(pattern, text)
