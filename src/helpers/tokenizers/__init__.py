"""Text to ids and back: characters, and byte-level byte-pair encoding from scratch."""

from helpers.tokenizers.bpe import BPETokenizer
from helpers.tokenizers.byte_pairs import count_pairs, encode_naive, merge, most_frequent, train_naive
from helpers.tokenizers.characters import CharacterTokenizer
from helpers.tokenizers.pretokenize import GPT2_PATTERN, pretokenize
from helpers.tokenizers.special import END_OF_TEXT

__all__ = [
    "END_OF_TEXT",
    "GPT2_PATTERN",
    "BPETokenizer",
    "CharacterTokenizer",
    "count_pairs",
    "encode_naive",
    "merge",
    "most_frequent",
    "pretokenize",
    "train_naive",
]
