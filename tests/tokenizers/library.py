"""The `tokenizers` library with the merges and the ids of ours: the independent reference."""

import json

from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, PreTokenizer, Sequence, Split
from tokenizers.trainers import BpeTrainer

from helpers.tokenizers import GPT2_PATTERN, BPETokenizer


def printable_bytes() -> list[str]:
    """GPT-2's printable stand-in for each byte value."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(b) if b in printable else chr(256 + others.index(b)) for b in range(256)]


def library_merges(text: str, n_merges: int) -> list[tuple[str, str]]:
    """The merges of the `tokenizers` library, told to number the 256 bytes by their value as this package does."""
    model = Tokenizer(BPE())
    model.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=256 + n_merges, special_tokens=printable_bytes(), min_frequency=2, show_progress=False
    )
    model.train_from_iterator([text], trainer)
    return [tuple(merge) for merge in json.loads(model.to_str())["model"]["merges"]]


def names(tokenizer: BPETokenizer) -> list[str]:
    """Every id below the special ones, in the library's spelling."""
    stand_in = printable_bytes()
    n_ordinary = 256 + len(tokenizer.merges)
    return ["".join(stand_in[b] for b in tokenizer.decode_bytes([i])) for i in range(n_ordinary)]


def cut_by(pattern: str) -> PreTokenizer:
    """The library's way to cut text by a pattern: GPT-2's is built in."""
    if pattern == GPT2_PATTERN:
        return ByteLevel(add_prefix_space=False)
    split = Split(Regex(pattern), behavior="isolated")
    return Sequence([split, ByteLevel(add_prefix_space=False, use_regex=False)])


def library_twin(tokenizer: BPETokenizer) -> Tokenizer:
    """The `tokenizers` library with the same merges and ids."""
    name = names(tokenizer)
    vocabulary = {token: i for i, token in enumerate(name)}
    twin = Tokenizer(BPE(vocabulary, [(name[left], name[right]) for left, right in tokenizer.merges]))
    twin.pre_tokenizer = cut_by(tokenizer.pattern)
    return twin
