"""Byte-level BPE: any text becomes a short list of ids, and comes back unchanged.

Bytes are the base, so no text is unknown: every text is bytes in UTF-8, and every byte has an id. Merges give
frequent byte strings an id of their own.
Convention: ids 0..255 are the byte values, then come the merges in the order they were learned, then the
special tokens. Files of others number their tokens in another order, GPT-2's with the printable bytes first: such a
tokenizer is made with its `vocabulary`, the bytes of every id.

Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.2.
"""

import heapq
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import regex

from helpers.tokenizers.byte_names import bytes_named, name_of_bytes
from helpers.tokenizers.byte_pairs import N_BYTES, Pair
from helpers.tokenizers.pretokenize import GPT2_PATTERN, pretokenize
from helpers.tokenizers.readable import readable
from helpers.tokenizers.special import END_OF_TEXT, LLAMA_3_END_OF_TEXT, checked_special_tokens, split_on_special
from helpers.tokenizers.training import train_merges
from helpers.tokenizers.vocabulary import ids_made, ids_of_bytes, ids_of_special, in_order_of_ids, token_bytes

GONE = -1  # a place in a piece that was merged into the one on its left
AFTER_THE_BYTES = range(N_BYTES, sys.maxsize)  # the id that each merge makes, in this package's own order


class BPETokenizer:
    """Text to ids and back, by merges learned from a text.

    Args:
        merges: pairs of ids, in the order they were learned.
        special_tokens: their names, which get the ids after all others; or names with their ids.
        pattern: what cuts the text into pieces.
        vocabulary: the bytes of every id but the special ones, if they are not numbered in this package's order.
        whole_pieces: a piece that is a token becomes it at once, whether or not merges lead there (Llama 3).
    """

    def __init__(
        self,
        merges: Iterable[Sequence[int]],
        special_tokens: Iterable[str] | Mapping[str, int] = (END_OF_TEXT,),
        pattern: str = GPT2_PATTERN,
        vocabulary: Mapping[int, bytes] | None = None,
        whole_pieces: bool = False,
    ) -> None:
        self.merges: list[Pair] = [(left, right) for left, right in merges]
        self.pattern = pattern
        self.whole_pieces = whole_pieces
        self._has_own_order = vocabulary is None
        ordinary = dict(enumerate(token_bytes(self.merges))) if vocabulary is None else vocabulary
        self.special = ids_of_special(special_tokens, len(ordinary))
        self._bytes_of = in_order_of_ids(ordinary, self.special)
        id_of = {token: i for i, token in ordinary.items()}
        made_by_merge = AFTER_THE_BYTES if vocabulary is None else ids_made(self.merges, ordinary, id_of)
        rank_of = {pair: rank for rank, pair in enumerate(self.merges)}
        self._ids_of = PieceCache(rank_of, made_by_merge, ids_of_bytes(id_of), id_of if whole_pieces else {})
        self._find_pieces = regex.compile(pattern).findall

    @classmethod
    def train(
        cls,
        texts: str | Iterable[str],
        n_merges: int | None = None,
        vocab_size: int | None = None,
        special_tokens: Iterable[str] = (END_OF_TEXT,),
        min_count: int = 2,
    ) -> "BPETokenizer":
        """The tokenizer whose merges are the most frequent pairs of the texts.

        Give either `n_merges` or `vocab_size`, which is 256 + merges + special tokens. Training ends early when
        no pair occurs `min_count` times. Special tokens that stand in the texts are cut out, not learned from.
        """
        names = checked_special_tokens(special_tokens)
        n_merges = wanted_merges(n_merges, vocab_size, len(names))
        pieces: Counter[str] = Counter()
        for text in [texts] if isinstance(texts, str) else texts:
            check_encodable(text)
            for part in split_on_special(text, names):
                if part not in names:
                    pieces.update(pretokenize(part))
        return cls(train_merges(pieces, n_merges, min_count), names)

    @property
    def vocab_size(self) -> int:
        """Number of ids: 256 bytes, the merges, the special tokens."""
        return len(self._bytes_of)

    @property
    def eot_id(self) -> int:
        """The id that ends a document. Raises KeyError if the tokenizer was made without one."""
        return self.special[LLAMA_3_END_OF_TEXT if LLAMA_3_END_OF_TEXT in self.special else END_OF_TEXT]

    def encode(self, text: str, allow_special: bool = False) -> list[int]:
        """The ids of the text; names of special tokens become their ids only if `allow_special`."""
        check_encodable(text)
        if not allow_special:
            return self._encode_ordinary(text)
        ids: list[int] = []
        for part in split_on_special(text, self.special):
            ids += [self.special[part]] if part in self.special else self._encode_ordinary(part)
        return ids

    def encode_batch(self, texts: Iterable[str], allow_special: bool = False) -> list[list[int]]:
        """The ids of each text."""
        return [self.encode(text, allow_special) for text in texts]

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of the ids, which may begin or end inside a character."""
        ids = list(ids)
        if ids and not 0 <= min(ids) <= max(ids) < len(self._bytes_of):
            raise ValueError(f"ids are from 0 to {len(self._bytes_of) - 1}, got {min(ids)} to {max(ids)}")
        return b"".join(map(self._bytes_of.__getitem__, ids))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids; bytes that are no whole character become U+FFFD, special ids their names."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def tokens(self, text: str) -> list[str]:
        """The tokens of the text as a figure can show them: space as ·, part of a character as <e4>."""
        return [readable(self._bytes_of[i]) for i in self.encode(text)]

    def save(self, path: str | Path) -> None:
        """Write the tokenizer as one JSON file."""
        Path(path).write_text(json.dumps(self.to_dict(), ensure_ascii=False), encoding="utf-8")

    def to_dict(self) -> dict[str, object]:
        """The tokenizer as JSON can hold it."""
        content: dict[str, object] = {
            "pattern": self.pattern,
            "special_tokens": list(self.special),
            "merges": self.merges,
        }
        if self.whole_pieces:
            content["whole_pieces"] = True
        if self._has_own_order:
            return content
        special_ids = set(self.special.values())
        ordinary = {i: token for i, token in enumerate(self._bytes_of) if i not in special_ids}
        return content | {
            "special_tokens": self.special,
            "vocabulary": {name_of_bytes(token): i for i, token in ordinary.items()},
        }

    @classmethod
    def load(cls, path: str | Path) -> "BPETokenizer":
        """The tokenizer that `save` wrote."""
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if "vocabulary" in content:
            content["vocabulary"] = {i: bytes_named(name) for name, i in content["vocabulary"].items()}
        return cls(**content)

    def _encode_ordinary(self, text: str) -> list[int]:
        ids: list[int] = []
        for piece in self._find_pieces(text):
            ids += self._ids_of[piece]
        return ids


class PieceCache(dict[str, tuple[int, ...]]):
    """The ids of each piece, worked out the first time it is seen: text repeats its words."""

    MAX_PIECES = 1_000_000  # about 200 MB of short words

    def __init__(
        self,
        rank_of: Mapping[Pair, int],
        made_by_merge: Sequence[int],
        id_of_byte: Sequence[int],
        whole: Mapping[bytes, int],
    ) -> None:
        super().__init__()
        self._rank_of, self._made_by_merge = rank_of, made_by_merge
        self._id_of_byte, self._whole = id_of_byte, whole

    def __missing__(self, piece: str) -> tuple[int, ...]:
        ids = self._work_out(piece.encode())
        if len(self) < self.MAX_PIECES:
            self[piece] = ids
        return ids

    def _work_out(self, piece: bytes) -> tuple[int, ...]:
        if piece in self._whole:
            return (self._whole[piece],)
        return tuple(apply_merges([self._id_of_byte[byte] for byte in piece], self._rank_of, self._made_by_merge))


def apply_merges(
    piece: Sequence[int], rank_of: Mapping[Pair, int], made_by_merge: Sequence[int] = AFTER_THE_BYTES
) -> list[int]:
    """The ids of one piece: again and again the earliest learned merge, from left to right.

    Equal to `byte_pairs.encode_naive`, but n bytes take n log n steps, whatever the number of merges.
    """
    ids = list(piece)
    right_of = list(range(1, len(ids) + 1))
    left_of = list(range(-1, len(ids) - 1))
    waiting = [(rank_of[p], i, p) for i, p in enumerate(pairwise(piece)) if p in rank_of]
    heapq.heapify(waiting)
    while waiting:
        rank, i, pair = heapq.heappop(waiting)
        j = right_of[i]
        if j == len(ids) or (ids[i], ids[j]) != pair:
            continue  # an earlier merge has taken one of the two
        ids[i], ids[j] = made_by_merge[rank], GONE
        right_of[i] = right_of[j]
        if right_of[i] < len(ids):
            left_of[right_of[i]] = i
        for k in (left_of[i], i):
            if k >= 0 and right_of[k] < len(ids):
                pair = (ids[k], ids[right_of[k]])
                if pair in rank_of:
                    heapq.heappush(waiting, (rank_of[pair], k, pair))
    return [i for i in ids if i != GONE]


def wanted_merges(n_merges: int | None, vocab_size: int | None, n_special: int) -> int:
    """The number of merges asked for, directly or by the size of the vocabulary."""
    if (n_merges is None) == (vocab_size is None):
        raise ValueError(f"give either n_merges or vocab_size, got {n_merges=} and {vocab_size=}")
    n = n_merges if n_merges is not None else (vocab_size or 0) - N_BYTES - n_special
    if n < 0:
        raise ValueError(
            f"a vocabulary holds 256 bytes, {n_special} special tokens and at least 0 merges, "
            f"got {n_merges=} and {vocab_size=}"
        )
    return n


def check_encodable(text: str) -> None:
    """Raise ValueError if the text holds half of a UTF-16 surrogate pair, which UTF-8 cannot write."""
    if not text.isascii() and (found := re.search("[\ud800-\udfff]", text)):
        raise ValueError(
            f"text must be valid Unicode to become bytes, got the lone surrogate {found[0]!r} at position "
            f"{found.start()}: it usually comes from a file read with the wrong encoding"
        )
