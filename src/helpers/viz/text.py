"""A text coloured by surprise: where a model knew what comes next, and where it had to guess.

Surprise of a token = −ln of the probability the model gave it, in nats. Each token carries its own dark or light
ink on its own background, so the picture reads the same on a light and on a dark page.
"""

import html
from collections.abc import Sequence
from typing import Any

from IPython.display import display
from jaxtyping import Num

from helpers.viz.arrays import as_array, require_tokens
from helpers.viz.show import require_alt

LABELS = {
    "legend": "surprise in nats",
    "certain": "0 = certain",
    "tooltip": "{token}: {nats:.2f} nats, probability {probability:.3g}",
}

# White to vermillion in five steps, each at least 7:1 against the dark ink.
STEPS = ((0.1, "#f6f8fa"), (0.7, "#fde8d8"), (1.5, "#fbcaa4"), (3.0, "#f7a56a"), (float("inf"), "#f0863c"))
INK = "#1a1a1a"
CHIP = "padding:.1em .12em;border-radius:3px;color:" + INK + ";background:{color}"


def show_surprise(tokens: Sequence[str], nats: Num[Any, "T"] | Sequence[float], alt: str) -> None:
    """Display the text, each token on the colour of its surprise; hover a token to read its number."""
    require_alt(alt)
    markup = surprise_html(tokens, nats, alt)
    display({"text/html": markup, "text/plain": alt}, raw=True)


def surprise_html(tokens: Sequence[str], nats: Num[Any, "T"] | Sequence[float], alt: str) -> str:
    """The coloured text as HTML, with a legend."""
    values = as_array(nats)
    require_tokens(tokens, len(values), "the text")
    if (values < 0).any():
        raise ValueError(f"surprise is −ln p and cannot be negative, got {values.min():.3f}")
    chips = "".join(chip(token, float(value)) for token, value in zip(tokens, values, strict=True))
    return chips_html(chips, legend(), alt, "book-surprise")


def chips_html(chips: str, caption: str, alt: str, classes: str) -> str:
    """A text whose tokens are chips, as a figure with a caption; `alt` is read instead by those who do not see it."""
    return (
        f'<figure class="{classes}" aria-label="{html.escape(alt, quote=True)}" style="margin:1em 0">'
        f'<p style="line-height:2;white-space:pre-wrap;overflow-wrap:anywhere;margin:0">{chips}</p>'
        f'<figcaption style="font-size:.85em;margin-top:.6em">{caption}</figcaption></figure>'
    )


def chip(token: str, nats: float) -> str:
    """One token on its colour."""
    from math import exp

    tooltip = LABELS["tooltip"].format(token=token.strip() or repr(token), nats=nats, probability=exp(-nats))
    text = html.escape(token).replace("\n", "⏎\n")
    return f'<span title="{html.escape(tooltip, quote=True)}" style="{CHIP.format(color=shade(nats))}">{text}</span>'


def shade(nats: float) -> str:
    """The colour of a surprise."""
    return next(color for limit, color in STEPS if nats <= limit)


def legend() -> str:
    """The steps of the scale, each on its colour."""
    texts = [f"≤ {limit:g}" for limit, _ in STEPS[:-1]] + [f"> {STEPS[-2][0]:g}"]
    chips = "".join(
        f' <span style="{CHIP.format(color=color)};padding:.1em .5em">{text}</span>'
        for text, (_, color) in zip(texts, STEPS, strict=True)
    )
    return f"{LABELS['legend']} ({LABELS['certain']}):{chips}"
