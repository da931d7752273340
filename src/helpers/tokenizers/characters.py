"""Character tokenizer: one id per character seen in training.

The smallest tokenizer that works, and the one of the classic character-level experiments: short vocabulary,
long sequences, and no word for a character it has never seen.
Ids 0..n-1 are the characters in code-point order; special tokens, if any, come last.

Source: Karpathy 2015, "The Unreasonable Effectiveness of Recurrent Neural Networks".
"""

import json
from collections.abc import Iterable
from pathlib import Path

from helpers.tokenizers.readable import readable
from helpers.tokenizers.special import END_OF_TEXT, checked_special_tokens


class CharacterTokenizer:
    """Text to ids and back, one id per character."""

    def __init__(self, characters: Iterable[str], special_tokens: Iterable[str] = ()) -> None:
        self.characters = sorted(set(characters))
        names = checked_special_tokens(special_tokens)
        self.special = {name: len(self.characters) + i for i, name in enumerate(names)}
        self._id_of = {character: i for i, character in enumerate(self.characters)}
        self._text_of = [*self.characters, *names]

    @classmethod
    def train(cls, text: str, special_tokens: Iterable[str] = ()) -> "CharacterTokenizer":
        """The tokenizer that knows exactly the characters of this text."""
        return cls(text, special_tokens)

    @property
    def vocab_size(self) -> int:
        """Number of ids: characters and special tokens."""
        return len(self._text_of)

    @property
    def eot_id(self) -> int:
        """The id that ends a document. Raises KeyError if the tokenizer was made without one."""
        return self.special[END_OF_TEXT]

    def encode(self, text: str) -> list[int]:
        """One id per character. Raises ValueError at the first character that training never showed."""
        try:
            return [self._id_of[character] for character in text]
        except KeyError as error:
            raise ValueError(self._unknown_character(text)) from error

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids; special tokens appear by name."""
        return "".join(self._text_of[i] for i in ids)

    def tokens(self, text: str) -> list[str]:
        """The characters as a figure can show them: space as ·, line break as ↵."""
        return [readable(character) for character in self.decode(self.encode(text))]

    def save(self, path: str | Path) -> None:
        """Write the vocabulary as one JSON file."""
        content = {"characters": "".join(self.characters), "special_tokens": list(self.special)}
        Path(path).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "CharacterTokenizer":
        """The tokenizer that `save` wrote."""
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))

    def _unknown_character(self, text: str) -> str:
        position = next(i for i, character in enumerate(text) if character not in self._id_of)
        return (
            f"every character must occur in the training text, got {text[position]!r} at {position=}: "
            "train on text that has it, or use a byte-level tokenizer, which knows every text"
        )
