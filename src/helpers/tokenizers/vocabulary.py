"""Which id stands for which bytes, in this package's order or in that of somebody else's file.

A merge makes a token, and the id of that token is a matter of numbering: ours go by the order of the merges, other
files say themselves which.
"""

from collections.abc import Iterable, Mapping, Sequence

from helpers.tokenizers.byte_pairs import N_BYTES, Pair
from helpers.tokenizers.special import checked_special_tokens


def token_bytes(merges: Sequence[Pair]) -> list[bytes]:
    """The bytes of every id: the 256 bytes, then each merge as the bytes of its two halves."""
    strings = [bytes([i]) for i in range(N_BYTES)]
    for rank, (left, right) in enumerate(merges):
        if not (0 <= left < len(strings) and 0 <= right < len(strings)):
            raise ValueError(
                f"merges must be in the order they were learned: merge {rank} may only join ids below "
                f"{len(strings)}, got {(left, right)}"
            )
        strings.append(strings[left] + strings[right])
    return strings


def ids_made(merges: Sequence[Pair], bytes_of: Mapping[int, bytes], id_of: Mapping[bytes, int]) -> list[int]:
    """The id that each merge makes, in a vocabulary numbered by somebody else."""
    made = []
    for rank, (left, right) in enumerate(merges):
        joined = bytes_of.get(left, b"") + bytes_of.get(right, b"")
        if left not in bytes_of or right not in bytes_of or joined not in id_of:
            raise ValueError(
                f"a merge joins two tokens of the vocabulary into a third, got merge {rank}, {(left, right)}, with "
                f"the bytes {joined!r}: are merges and vocabulary of the same tokenizer?"
            )
        made.append(id_of[joined])
    return made


def ids_of_bytes(id_of: Mapping[bytes, int]) -> list[int]:
    """The id of each of the 256 bytes. Raises ValueError if one has none: it could not be encoded."""
    missing = [bytes([byte]) for byte in range(N_BYTES) if bytes([byte]) not in id_of]
    if missing:
        raise ValueError(
            f"a byte-level vocabulary has a token for each of the 256 bytes, got none for {len(missing)} of them, "
            f"the first {missing[0]!r}"
        )
    return [id_of[bytes([byte])] for byte in range(N_BYTES)]


def ids_of_special(special_tokens: Iterable[str] | Mapping[str, int], n_ordinary: int) -> dict[str, int]:
    """The ids of the special tokens: as given, or after the ordinary ones."""
    names = checked_special_tokens(special_tokens)
    if isinstance(special_tokens, Mapping):
        return {name: special_tokens[name] for name in names}
    return {name: n_ordinary + i for i, name in enumerate(names)}


def in_order_of_ids(ordinary: Mapping[int, bytes], special: Mapping[str, int]) -> list[bytes]:
    """The bytes of every id. Raises ValueError unless each id from 0 on belongs to exactly one token."""
    ids = sorted([*ordinary, *special.values()])
    for expected, found in enumerate(ids):
        if expected != found:
            raise ValueError(
                f"ids must run from 0 without gaps, one token each, got {found} where {expected} comes next"
            )
    bytes_of = {**ordinary, **{i: name.encode() for name, i in special.items()}}
    return [bytes_of[i] for i in ids]
