"""Word tokenizer: one id per word of a closed vocabulary, for text that is already parted into words.

The simplest way, and the shortest sequences; but there is no id for a word that is not in the list.
Ids 0..n-1 are the special tokens; the words follow in the order in which they were given.
"""

from collections.abc import Iterable, Sequence

from helpers.tokenizers.special import END_OF_TEXT, checked_special_tokens


class WordTokenizer:
    """Words to ids and back. `special_tokens` come first, so that the end of a text has the id 0."""

    def __init__(self, words: Iterable[str], special_tokens: Iterable[str] = (END_OF_TEXT,)) -> None:
        special = checked_special_tokens(special_tokens)
        self.words = [*special, *dict.fromkeys(words)]
        self.special = {name: i for i, name in enumerate(special)}
        self._id_of = {word: i for i, word in enumerate(self.words)}

    @property
    def vocab_size(self) -> int:
        """Number of ids: special tokens and words."""
        return len(self.words)

    @property
    def eot_id(self) -> int:
        """The id that ends a text. Raises KeyError if the tokenizer was made without one."""
        return self.special[END_OF_TEXT]

    def encode(self, words: Sequence[str]) -> list[int]:
        """One id per word. Raises ValueError at the first word that is not in the vocabulary."""
        try:
            return [self._id_of[word] for word in words]
        except KeyError as error:
            raise ValueError(f"every word must be in the vocabulary, got {error.args[0]!r}") from error

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words of the ids, special tokens by name."""
        return [self.words[i] for i in ids]
