r"""Pre-tokenization: cut text into word-like pieces that no merge may cross.

Without it, byte-pair encoding spends its vocabulary on strings like "dog." and "dog!" beside "dog". GPT-2's
pattern cuts off English contractions, then takes runs of letters, of digits, or of other signs, each with at
most one space in front, then the white space that is left. Llama 3's pattern cuts numbers after three digits, takes
any one sign in front of a word, and keeps line breaks together.
The pattern needs \p{L} (any letter) and \p{N} (any number). Python's `re` has neither, and its \w and \d
cannot make them: \w holds numbers that \d does not, such as ² and Ⅷ. So this file uses the `regex` package.

Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.2; the pattern is
in its released code, encoder.py. Llama 3's: Grattafiori et al. 2024, "The Llama 3 Herd of Models",
arXiv:2407.21783, section 3.2; the pattern is in its released code, tokenizer.py.
"""

import regex

# The space-prefixed classes are tried in order; \s+(?!\S) leaves the last space to the word that follows it.
GPT2_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
LLAMA_3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def pretokenize(text: str, pattern: str = GPT2_PATTERN) -> list[str]:
    """The pieces in order; joined, they give the text again.

    >>> pretokenize("The fox didn't  move.")
    ['The', ' fox', ' didn', "'t", ' ', ' move', '.']
    """
    return regex.findall(pattern, text)
