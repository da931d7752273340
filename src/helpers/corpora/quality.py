"""Rules that a text must pass, each a sentence one can disagree with: what fails is told why.

A rule returns "" for a text that passes, and otherwise the reason with its number. The thresholds are those of the
papers where texts of a hundred words allow it. Rules about words and stop words know English and Chinese.

Source: Rae et al. 2021, "Scaling Language Models: Gopher", arXiv:2112.11446, appendix A.1; Raffel et al. 2019,
"Exploring the Limits of Transfer Learning" (C4), arXiv:1910.10683, section 2.2; Penedo et al. 2024, "The FineWeb
Datasets", arXiv:2406.17557, section 3.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise

from helpers.corpora.documents import lines_of, words_of

Rule = Callable[[str], str]

ENGLISH_STOP_WORDS = frozenset(
    ("the", "be", "to", "of", "and", "that", "have", "with", "a", "in", "was", "it", "is", "are")
)
CHINESE_STOP_WORDS = frozenset("的了是在他她不和")
_ORDINARY = re.compile(r"[\w\s.,;:!?'\"()\-。，！？：；“”‘’、（）]")
_LATIN = re.compile(r"[a-z]")


def too_short(text: str) -> str:
    """Gopher asks for 50 words; the shortest of our articles have fewer, so we ask for 30."""
    n = len(words_of(text))
    return f"{n} words, fewer than 30" if n < 30 else ""


def strange_word_length(text: str) -> str:
    """Words of Latin letters are 3 to 10 characters long on average."""
    lengths = [len(word) for word in words_of(text) if _LATIN.match(word)]
    mean = sum(lengths) / max(1, len(lengths))
    return f"words of {mean:.1f} characters on average, not 3 to 10" if lengths and not 3 <= mean <= 10 else ""


def many_symbols(text: str) -> str:
    """At most one character in a hundred is neither letter nor digit nor ordinary punctuation."""
    share = 1 - len(_ORDINARY.findall(text)) / max(1, len(text))
    return f"{share:.1%} of the characters are symbols, more than 1 %" if share > 0.01 else ""


def many_words_without_letters(text: str) -> str:
    """At least 80 % of the words hold a letter."""
    words = words_of(text)
    share = sum(any(map(str.isalpha, word)) for word in words) / max(1, len(words))
    return f"{share:.0%} of the words hold a letter, fewer than 80 %" if share < 0.8 else ""


def no_stop_words(text: str) -> str:
    """Language needs small words: two different ones at least."""
    n = len(set(words_of(text)) & (ENGLISH_STOP_WORDS | CHINESE_STOP_WORDS))
    return f"{n} different stop words, fewer than 2" if n < 2 else ""


def repeated_lines(text: str) -> str:
    """At most 30 % of the lines are copies of lines before."""
    lines = lines_of(text)
    share = 1 - len(set(lines)) / max(1, len(lines))
    return f"{share:.0%} of the lines are copies, more than 30 %" if share > 0.3 else ""


def one_pair_of_words_everywhere(text: str) -> str:
    """The most frequent two words in a row make up at most 20 % of the text."""
    words = words_of(text)
    pairs = Counter(pairwise(words))
    share = 2 * max(pairs.values(), default=0) / max(1, len(words))
    return f"one pair of words makes up {share:.0%} of the text, more than 20 %" if share > 0.2 else ""


def curly_brackets(text: str) -> str:
    """A curly bracket is a sign of code: C4 keeps no page with one."""
    return "a curly bracket" if "{" in text or "}" in text else ""


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        too_short,
        strange_word_length,
        many_symbols,
        many_words_without_letters,
        no_stop_words,
        repeated_lines,
        one_pair_of_words_everywhere,
        curly_brackets,
    )
}


def reasons(text: str, rules: Mapping[str, Rule] = RULES) -> dict[str, str]:
    """The rules that a text breaks, each with its reason; empty if it breaks none."""
    return {name: reason for name, rule in rules.items() if (reason := rule(text))}
