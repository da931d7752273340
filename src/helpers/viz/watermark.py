"""A text in two colours: which tokens are on the green list and which on the red one.

Red tokens are also underlined, so that the picture does not need the colours.
"""

import html
from collections.abc import Sequence
from typing import Any

from IPython.display import display

from helpers.viz.arrays import require_tokens
from helpers.viz.show import require_alt
from helpers.viz.text import INK, chips_html

LABELS = {
    "green": "green",
    "red": "red",
    "uncounted": "not counted",
    "legend": "{n_green} of {n} counted tokens are green:",
}
GREEN, RED, NEITHER = "#b7e4c7", "#ffd0c2", "#f6f8fa"  # each at least 7:1 against the dark ink
CHIP = f"padding:.1em .12em;border-radius:3px;color:{INK};background:{{color}};text-decoration:{{line}}"


def show_colours(tokens: Sequence[str], colours: Sequence[bool | None], alt: str) -> None:
    """Display the text, each token on green or red; None is a token that is not counted."""
    require_alt(alt)
    display({"text/html": colours_html(tokens, colours, alt), "text/plain": alt}, raw=True)


def colours_html(tokens: Sequence[str], colours: Sequence[bool | None], alt: str) -> str:
    """The coloured text as HTML, with a legend that counts."""
    require_tokens(tokens, len(colours), "the text")
    chips = "".join(chip(token, colour) for token, colour in zip(tokens, colours, strict=True))
    counted = [colour for colour in colours if colour is not None]
    legend = LABELS["legend"].format(n_green=sum(counted), n=len(counted))
    names = " ".join(chip(LABELS[word], colour) for word, colour in legend_words())
    return chips_html(chips, f"{legend} {names}", alt, "book-surprise book-watermark")


def legend_words() -> list[tuple[str, Any]]:
    """What each colour is called."""
    return [("green", True), ("red", False), ("uncounted", None)]


def chip(token: str, colour: bool | None) -> str:
    """One token on its colour."""
    paper = NEITHER if colour is None else GREEN if colour else RED
    style = CHIP.format(color=paper, line="underline dotted" if colour is False else "none")
    return f'<span style="{style}">{html.escape(token)}</span>'
