"""Strings that break careless tokenizers, and random ones of any character."""

import random

AWKWARD = {
    "empty": "",
    "one space": " ",
    "NUL": "a\0b\0\0",
    "white space": "  two \t tab\n\n\n line\r\n end   ",
    "odd white space": "no\u00a0break\u2003em\u3000wide\u2028line\u0085next",
    "contractions": "I'm you'll they've he'd she's we're don't IT'S rock'n'roll ''s 's",
    "curly quotes": "don’t “say” so…",
    "chinese": "小熊在河边找到了一把金钥匙。“你好！”它说，然后把它藏在树下。",
    "mixed scripts": "naïve Ελληνικά кириллица עברית العربية हिन्दी ไทย 日本語 한국어",
    "emoji": "👍🏽 👩‍👩‍👧‍👦 🇨🇳 🏳️‍🌈 ☃️",
    "numbers": "3.14 1,000 x² Ⅷ ½ ٣٤ 一二三 ①",
    "combining": "e\u0301 Z\u0351\u036b\u0343 a\u200db",
    "underscores": "snake_case __init__ _x1 CamelCase",
    "code": "def f(x):\n    return {'a': x**2}  # comment\n\n\nfor i in range(10): print(f\"{i:>3}\")\n",
    "a run": "a" * 2_001,
    "a run of spaces": " " * 501 + "end",
    "no spaces": "".join(random.Random(1).choices("abcdefgh", k=3_000)),
    "looks special": "before <|endoftext|> after <|endoftext",
    "private use": "\ue000\U0010ffff\ufeff\ufffd",
}


def random_text(seed: int, length: int = 200) -> str:
    """Characters from all planes, less the surrogates, with many from small ranges so that they repeat."""
    chance = random.Random(seed)
    ranges = [(0, 0x80), (0x20, 0x7F), (0x80, 0x250), (0x4E00, 0x4F00), (0x1F300, 0x1F700), (0, 0xD800),
              (0xE000, 0x110000)]  # fmt: skip
    return "".join(chr(chance.randrange(*chance.choice(ranges))) for _ in range(length))
