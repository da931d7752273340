"""The three bertviz views of attention, drawn from plain arrays and without any network.

bertviz fetches d3 and jQuery from a CDN, which a page opened offline cannot. Here its own drawing code gets the few
calls that it makes of them from selection.js. So each output carries all it needs, in every host, and is small.
What bertviz shows to the pointer alone, the keyboard reaches too, and a table says it in numbers.

Source: Vig 2019, "A Multiscale Visualization of Attention in the Transformer Model", arXiv:1906.05714.
"""

import hashlib
import html
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from IPython.display import HTML
from jaxtyping import Num

from helpers.viz.arrays import as_array, require_tokens, visible
from helpers.viz.script_data import escaped
from helpers.viz.show import require_alt

LABELS = {
    "layer": "Layer",
    "head": "Head",
    "one_head": "Head {head}",
    "one_map": "Layer {layer}, head {head}",
    "token": "Token",
    "cell": "{token} {weight}",
    "table": "Whom each token looks at most, in numbers",
}

# bertviz draws model_view 970 px wide and an opened neuron_view 1,010 px; the text column has about 680.
FIT_COLUMN = {
    "DIV_WIDTH = 970": "DIV_WIDTH = Math.max(320, Math.min(970, box.clientWidth - 24))",
    "7 * (12 / config.totalHeads)": "Math.min(10, 7 * (12 / config.totalHeads))",
    "MATRIX_WIDTH = 200": "MATRIX_WIDTH = 122",
    "BOXWIDTH = TEXT_SIZE * 8": "BOXWIDTH = TEXT_SIZE * 6",
    "PADDING_WIDTH = 25": "PADDING_WIDTH = 14",
    "HEADING_TEXT_SIZE = 16": "HEADING_TEXT_SIZE = 13",
    "posQueries + 68": "posQueries + 36",
    "posKeys + 73": "posKeys + 40",
    " (elementwise)": "",
    "posProduct + 28": "posProduct + 48",
    "posProduct + 55": "posProduct",
    '20 + "px"': '14 + "px"',
    "x = leftPos + THUMBNAIL_PADDING - DETAIL_WIDTH + 8": "x = Math.max(MIN_X, leftPos + 13 - DETAIL_WIDTH)",
    "lighten(headColors(i))": 'headColors(i) + "50"',
}

# The theme's rules for tables and code must not reach the picture; a dark host (JupyterLab, VS Code,
# Colab) turns its lightness, not its hues.
STYLE = """
.book-attention-view {overflow-x: auto; background: #fff; color: #1f2328; color-scheme: light; padding: 12px;
  border-radius: 6px; font-family: system-ui, sans-serif}
.book-attention-view svg [tabindex]:focus {outline: 3px solid #d55e00; outline-offset: -2px}
.book-attention-view select {min-height: 44px; padding: 0 12px; font: inherit}
.book-attention-view :is(th, td) {padding: 1px 8px; border: 0; background: none; color: inherit; text-align: left;
  font-weight: 400}
.book-attention-view summary {padding: 10px 0; cursor: pointer}
.book-attention-view .bv-table {max-height: 320px; overflow: auto}
:is([data-jp-theme-light="false"], .vscode-dark, [theme="dark"]) .book-attention-view {
  filter: invert(0.9) hue-rotate(180deg)}
"""

DECIMALS = 3  # a weight of 0.0004 has no visible line


def head_view(
    weights: Num[Any, "L H T S"],
    tokens: Sequence[str],
    alt: str,
    layer: int = 0,
    heads: Sequence[int] | None = None,
    key_tokens: Sequence[str] | None = None,
) -> HTML:
    """Lines from each token to those it looks at, one colour per head; click a colour to hide a head.

    `key_tokens` are those of the right side where they are not the same as the left: a source and its translation.
    """
    data = view_data(weights, tokens, key_tokens)
    params = {
        "attention": [data],
        "default_filter": "0",
        "layer": layer,
        "heads": None if heads is None else list(heads),
        "include_layers": list(range(len(data["attn"]))),
    }
    return view_html("head_view", params, select("layer", LABELS["layer"]), alt)


def model_view(weights: Num[Any, "L H T S"], tokens: Sequence[str], alt: str) -> HTML:
    """All layers and heads as thumbnails; click one to enlarge it."""
    data = view_data(weights, tokens)
    n_heads = len(data["attn"][0])
    params = {
        "attention": [data],
        "default_filter": "0",
        "display_mode": "light",
        "include_layers": list(range(len(data["attn"]))),
        "include_heads": list(range(n_heads)),
        "total_heads": n_heads,
    }
    return view_html("model_view", params, "", alt)


def neuron_view(
    weights: Num[Any, "L H T T"],
    queries: Num[Any, "L H T d"],
    keys: Num[Any, "L H T d"],
    tokens: Sequence[str],
    alt: str,
    layer: int = 0,
    head: int = 0,
) -> HTML:
    """How a weight comes about: query × key, neuron by neuron; hover a token, press its + to open the product.

    The picture divides the scores by √d, as bertviz does; causal attention is assumed.
    """
    data = view_data(weights, tokens) | {"queries": rounded(queries), "keys": rounded(keys)}
    params = {
        "attention": {"all": data},
        "default_filter": "all",
        "bidirectional": False,
        "display_mode": "light",
        "layer": layer,
        "head": head,
    }
    controls = select("layer", LABELS["layer"]) + select("att_head", LABELS["head"])
    return view_html("neuron_view", params, controls, alt)


def view_data(weights: Any, tokens: Sequence[str], key_tokens: Sequence[str] | None = None) -> dict:
    """The weights and token texts in bertviz's form."""
    weights = as_array(weights)
    if weights.ndim != 4:
        raise ValueError(f"weights need the axes layer, head, query, key; got shape {weights.shape}")
    require_tokens(tokens, weights.shape[2], "the queries")
    keys = tokens[: weights.shape[3]] if key_tokens is None else key_tokens
    require_tokens(keys, weights.shape[3], "the keys")
    left, right = ([visible(token) for token in side] for side in (tokens, keys))
    return {"attn": rounded(weights), "left_text": left, "right_text": right}


def rounded(values: Any) -> list:
    """Nested lists of short numbers: 17 digits would make the page five times as large."""
    return as_array(values).astype(float).round(DECIMALS).tolist()


def select(name: str, label: str) -> str:
    """One of the view's lists, with its name for screen readers."""
    return f'<label>{label} <select class="bv-{name}"></select></label> '


def view_html(view: str, params: dict, controls: str, alt: str) -> HTML:
    """The view as one output: a labelled box, then the script that draws into the first box not yet drawn."""
    require_alt(alt)
    payload = json.dumps(params, separators=(",", ":"), ensure_ascii=False)
    key = f"{view}-{hashlib.sha256(payload.encode()).hexdigest()[:10]}"
    return HTML(
        f'<div class="book-attention-view" data-view="{key}" role="region" tabindex="0" '
        f'aria-label="{html.escape(alt, quote=True)}"><style>{STYLE}</style>'
        f'<div>{controls}</div><div class="bv-vis"></div>{table(controls)}</div>'
        f"<script>{script(view, key, payload)}</script>"
    )


def table(controls: str) -> str:
    """Room for the numbers of one layer, folded; with a list of the layers where the view has none."""
    own = "" if "bv-layer" in controls else select("layer", LABELS["layer"])
    name = LABELS["table"]
    box = f'<div class="bv-table" tabindex="0" role="region" aria-label="{name}"><table></table></div>'
    return f"<details><summary>{name}</summary>{own}{box}</details>"


def script(view: str, key: str, payload: str) -> str:
    """JavaScript that draws the view when it comes near the screen, and makes it reachable from the keyboard."""
    words = {
        "KEY": json.dumps(key),
        "PARAMS": payload,
        "LABELS": json.dumps(LABELS),
        "SELECTION": own_code("selection.js"),
        "DRAW": drawing_code(view),
    }
    template = own_code("attention_views.js")
    return escaped(re.sub(r"__([A-Z]+)__", lambda found: words[found[1]], template))


@cache
def own_code(name: str) -> str:
    """A script of this folder without its comments and indentation."""
    return shorter(resources.files("helpers.viz").joinpath(name).read_text(encoding="utf-8"))


@cache
def drawing_code(view: str) -> str:
    """bertviz's own script without its CDN, its comments and its page-wide ids (two views may share a page)."""
    code = resources.files("bertviz").joinpath(f"{view}.js").read_text(encoding="utf-8")
    body = re.search(r"function\s*\(\$, d3\)\s*\{(.*)\}\s*\);\s*$", code, flags=re.S)
    if body is None:
        raise RuntimeError(f"bertviz's {view}.js does not have the form that version 1.4 has; pin bertviz>=1.4,<1.5")
    code = re.sub(r"const params = .*", "", body[1], count=1)
    code = re.sub(r"\}\s#(layer|att_head|filter|vis)\b", r"} .bv-\1", code)
    code = code.replace('d3.select("#vis")', "d3.select(`#${config.rootDivId} .bv-vis`)")
    for wide, fitting in FIT_COLUMN.items():
        code = code.replace(wide, fitting)
    return shorter(re.sub(r"^\s*console\.log\(.*$", "", code, flags=re.M))


def shorter(code: str) -> str:
    """The code without indentation, empty lines and comments at a line's start or after two spaces or a semicolon."""
    code = re.sub(r"(^|[;{]) *//[^\n]*$", r"\1", re.sub(r"^\s+", "", code, flags=re.M), flags=re.M)
    return re.sub(r"\n+", "\n", code).strip()
