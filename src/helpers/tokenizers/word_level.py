"""Word-level tokenizer: one id per word or mark seen in training, and one for every other.

The most natural cut, and the first that fails: a text of words nobody has counted becomes a row of `<unk>`, and the
way back is lost. Marks stand alone, digits too, and so does a line break; spaces are not kept.
Unlike `WordTokenizer`, which takes a closed list of words, it cuts any text itself and has an id for what it never saw.
Ids 0..n-1 are the words in sorted order, then `<unk>`, then the special tokens.

Source: Bengio et al. 2003, "A Neural Probabilistic Language Model", section 4.1 (rare words merged into one symbol).
"""

import re
from collections.abc import Iterable

from helpers.tokenizers.special import END_OF_TEXT, checked_special_tokens

UNKNOWN = "<unk>"
WORD = re.compile(r"'s\b|[A-Za-z]+|\S|\n")


class WordLevelTokenizer:
    """Text to ids by whole words; `decode` puts spaces between all of them."""

    def __init__(self, words: Iterable[str], special_tokens: Iterable[str] = (END_OF_TEXT,)) -> None:
        self.words = sorted(set(words))
        names = checked_special_tokens(special_tokens)
        self.names = [*self.words, UNKNOWN, *names]
        self.unknown_id = len(self.words)
        self.special = {name: self.unknown_id + 1 + i for i, name in enumerate(names)}
        self._id_of = {word: i for i, word in enumerate(self.words)}

    @classmethod
    def train(cls, texts: Iterable[str], special_tokens: Iterable[str] = (END_OF_TEXT,)) -> "WordLevelTokenizer":
        """The tokenizer that knows exactly the words of these texts."""
        return cls({word for text in texts for word in split_words(text)}, special_tokens)

    @property
    def vocab_size(self) -> int:
        """Number of ids: words, `<unk>` and special tokens."""
        return len(self.names)

    @property
    def eot_id(self) -> int:
        """The id that ends a document. Raises KeyError if the tokenizer was made without one."""
        return self.special[END_OF_TEXT]

    def encode(self, text: str) -> list[int]:
        """One id per word; what training never showed becomes `<unk>`."""
        return [self._id_of.get(word, self.unknown_id) for word in split_words(text)]

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        """The ids of each text."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """The words with a space between all of them, marks included."""
        return " ".join(self.names[i] for i in ids)


def split_words(text: str) -> list[str]:
    """The words, marks and line breaks of a text.

    >>> split_words("Leo's drum is 12 years old.")
    ['Leo', "'s", 'drum', 'is', '1', '2', 'years', 'old', '.']
    """
    return WORD.findall(text)
