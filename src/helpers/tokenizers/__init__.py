"""Text to ids and back: words, characters, and byte-level byte-pair encoding from scratch; other people's vocabularies,
and conversations as text."""

from helpers.tokenizers.bpe import BPETokenizer
from helpers.tokenizers.byte_pairs import count_pairs, encode_naive, merge, most_frequent, train_naive
from helpers.tokenizers.characters import CharacterTokenizer
from helpers.tokenizers.chat_template import CHAT_FORMATS, ChatFormat, EncodedChat
from helpers.tokenizers.pretokenize import GPT2_PATTERN, LLAMA_3_PATTERN, pretokenize
from helpers.tokenizers.pretrained import load_tokenizer
from helpers.tokenizers.special import END_OF_TEXT
from helpers.tokenizers.word_level import WordLevelTokenizer
from helpers.tokenizers.words import WordTokenizer

__all__ = [
    "CHAT_FORMATS",
    "END_OF_TEXT",
    "GPT2_PATTERN",
    "LLAMA_3_PATTERN",
    "BPETokenizer",
    "CharacterTokenizer",
    "ChatFormat",
    "EncodedChat",
    "WordLevelTokenizer",
    "WordTokenizer",
    "count_pairs",
    "encode_naive",
    "load_tokenizer",
    "merge",
    "most_frequent",
    "pretokenize",
    "train_naive",
]
