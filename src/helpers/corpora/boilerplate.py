"""What stands on every page belongs to no text: lines that do not end like a sentence, and lines that many pages share.

Unlike a rule for whole documents, this takes a page's frame away and keeps what it frames.

Convention: lines are compared in lower case, each number as 0, without punctuation.

Source: Wenzek et al. 2019, "CCNet", arXiv:1911.00359, section 3 (lines compared like this across pages);
Raffel et al. 2019 (C4), arXiv:1910.10683, section 2.2 (lines must end in a terminal punctuation mark).
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from helpers.corpora.documents import lines_of, words_of

_ENDS_A_SENTENCE = re.compile(r"[.!?。！？][\"”’)]*\s*$")


def normal_line(line: str) -> str:
    """A line as it is compared.

    >>> normal_line("Read more: 12 stories!")
    'read more 0 stories'
    """
    return " ".join(re.sub(r"\d+", "0", word) for word in words_of(line))


def shared_lines(texts: Sequence[str], at_most: int = 5) -> set[str]:
    """The lines, as they are compared, that more than `at_most` different texts hold."""
    held_by = Counter(line for text in set(texts) for line in set(map(normal_line, lines_of(text))))
    return {line for line, n in held_by.items() if n > at_most}


def is_boilerplate(line: str, shared: Collection[str]) -> bool:
    """Whether a line goes: it does not end like a sentence, or other pages have it too."""
    return not _ENDS_A_SENTENCE.search(line) or normal_line(line) in shared


def trimmed(text: str, shared: Collection[str]) -> str:
    """The text without its boilerplate; "" if nothing else was there."""
    return "\n".join(line for line in lines_of(text) if not is_boilerplate(line, shared))
