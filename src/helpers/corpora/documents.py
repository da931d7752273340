"""A document is a text and where it comes from; in a generated world it also says, truthfully, what is wrong with it.

A cleaner reads the text alone. The truth is there to judge it by: real crawls have no such column, which is why nobody
can say how much of their dirt is left.

Convention: a word is what can be counted in any language: a Latin word, a number, or one Chinese character.
"""

import re
from dataclasses import dataclass, replace

_WORD = re.compile(r"[^\W\d_一-鿿]+(?:'[^\W\d_]+)?|\d+|[一-鿿]")
_SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*[\"”]?\s*")


@dataclass(frozen=True)
class Document:
    """A text of a source, with the truth about it.

    Args:
        language: the language of the source; a foreign document is not in it.
        dirt: what was planted, a key of `helpers.corpora.crawl.SHARES`; "" if nothing was.
        origin: documents with the same number tell the same text.
        boilerplate: the planted lines.
        quotes: which held-out text a leak quotes, or −1.
    """

    text: str
    source: str
    language: str = "en"
    dirt: str = ""
    origin: int = -1
    boilerplate: tuple[str, ...] = ()
    quotes: int = -1

    @property
    def n_words(self) -> int:
        """How many words the text has."""
        return len(words_of(self.text))

    def with_text(self, text: str) -> "Document":
        """The same document with another text."""
        return replace(self, text=text)


def words_of(text: str) -> list[str]:
    """The words of a text in any language, in lower case, without punctuation.

    >>> words_of("Leo's 2 drums. 小鼓!")
    ["leo's", '2', 'drums', '小', '鼓']
    """
    return _WORD.findall(text.lower())


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, each with its final mark and the space after it, so that joined they are the text."""
    return _SENTENCE.findall(text) or [text]


def lines_of(text: str) -> list[str]:
    """The lines of a text that hold anything."""
    return [line for line in text.split("\n") if line.strip()]
