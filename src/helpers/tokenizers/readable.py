"""Tokens as a figure can show them: white space visible, stray bytes in hexadecimal."""

VISIBLE = str.maketrans({" ": "·", "\n": "↵", "\t": "⇥", "\r": "␍", "\0": "␀"})


def readable(token: str | bytes) -> str:
    """The token's text with visible white space; a byte that is no whole character is shown as <e4>.

    >>> readable(" the")
    '·the'
    >>> readable("é".encode()[:1])
    '<c3>'
    """
    if isinstance(token, bytes):
        # surrogateescape keeps each undecodable byte b as the lone code point U+DC00 + b.
        token = token.decode("utf-8", errors="surrogateescape")
    return "".join(f"<{ord(c) - 0xDC00:02x}>" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in token.translate(VISIBLE))
