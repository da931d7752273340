"""GPT-2's spelling of bytes: one printable character per byte, so that tokens can stand in a text file.

Printable Latin-1 characters stand for themselves; the other 68 bytes borrow the characters from U+0100 on, in order.
The space becomes Ġ, the line break Ċ.

Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", the released code, encoder.py.
"""

PRINTABLE = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
BORROWED = [byte for byte in range(256) if byte not in PRINTABLE]
NAME_OF_BYTE = {byte: chr(byte) for byte in PRINTABLE} | {byte: chr(256 + i) for i, byte in enumerate(BORROWED)}
BYTE_OF_NAME = {name: byte for byte, name in NAME_OF_BYTE.items()}


def name_of_bytes(token: bytes) -> str:
    """The token as GPT-2's files spell it.

    >>> name_of_bytes(b" the")
    'Ġthe'
    """
    return "".join(NAME_OF_BYTE[byte] for byte in token)


def bytes_named(name: str) -> bytes:
    """The bytes that GPT-2's files mean. Raises ValueError at a character that stands for no byte.

    >>> bytes_named("Ġthe")
    b' the'
    """
    unknown = [character for character in name if character not in BYTE_OF_NAME]
    if unknown:
        raise ValueError(f"each character of a byte-level token stands for one byte, got {unknown[0]!r} in {name!r}")
    return bytes(BYTE_OF_NAME[character] for character in name)
