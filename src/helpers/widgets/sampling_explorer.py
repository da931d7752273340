"""One next-token distribution under the reader's fingers: temperature, top-k and top-p, before and after.

The distribution is computed in JavaScript, so the widget lives without a kernel. The filters apply in the order
temperature, top-k, top-p, as in `helpers.sampling.filters`.

Source: Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751 (top-p).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets

from helpers.widgets.bundle import module, style
from helpers.widgets.filter_traits import FilterTraits

LABELS = {
    "name": "Sampling explorer",
    "prompt": "{prompt} …",
    "context": "After the words",
    "no_prompt": "(no words yet)",
    "temperature": "Temperature",
    "top_k": "Top-k",
    "top_p": "Top-p",
    "greedy": "0 greedy",
    "off": "off",
    "token": "next token",
    "probability": "probability",
    "tally": "drawn (expected)",
    "tally_cell": "{count} ({expected})",
    "none": "–",
    "cut": "cut",
    "others": "{n} others",
    "status": "{kept} of {n} tokens kept · entropy {entropy} nats",
    "legend_before": "model, before filters",
    "legend_after": "after filters",
    "legend_share": "share of draws",
    "sample": "Sample",
    "sample_many": "Sample 100",
    "reset": "Reset",
    "drawn": "Last draw: {token} · {n} draws so far",
}


class SamplingExplorer(FilterTraits, anywidget.AnyWidget):
    """Sliders for the filters, bars for the distribution, and a seeded button that draws tokens.

    Give one distribution (`tokens`, `logits`) or several by name (`contexts`: name -> (tokens, logits)), where the
    name is what the reader sees as the words so far. `probabilities`, `tally` and `sampled` are written by the
    view: they are empty until the widget is shown. Changing the distribution forgets the draws.
    """

    _esm = module("sampling_explorer.js")
    _css = style("sampling_explorer.css")

    # A list, because notebooks sort the keys of a dict when they are saved.
    contexts = traitlets.List(traitlets.Dict()).tag(sync=True)
    context = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Int(12).tag(sync=True)
    seed = traitlets.Int(7).tag(sync=True)
    probabilities = traitlets.List(traitlets.Float()).tag(sync=True)
    tally = traitlets.List(traitlets.Int()).tag(sync=True)
    sampled = traitlets.Unicode().tag(sync=True)
    sampled_index = traitlets.Int(-1).tag(sync=True)
    labels = traitlets.Dict(LABELS).tag(sync=True)

    def __init__(
        self,
        tokens: Sequence[str] | None = None,
        logits: Any = None,
        *,
        contexts: Mapping[str, tuple] | None = None,
        prompt: str = "",
        **settings: Any,
    ) -> None:
        if (tokens is None) == (contexts is None):
            raise ValueError("give either tokens with their logits, or contexts={name: (tokens, logits)}")
        named = {prompt: (tokens, logits)} if contexts is None else contexts
        data = [{"name": name, **distribution(*pair)} for name, pair in named.items()]
        super().__init__(contexts=data, **{"context": data[0]["name"], **settings})

    @traitlets.validate("context")
    def _context_is_known(self, proposal: Any) -> str:
        names = [context["name"] for context in self.contexts]
        if proposal["value"] not in names:
            raise traitlets.TraitError(f"context must be one of {names}, got {proposal['value']!r}")
        return proposal["value"]


def distribution(tokens: Sequence[str], logits: Any) -> dict[str, list]:
    """Tokens and logits as plain lists, checked; six decimals are enough for the eye and keep the page small."""
    values = np.asarray(logits.detach().cpu() if hasattr(logits, "detach") else logits, dtype=float)
    if values.ndim != 1 or len(tokens) != len(values) or not len(values):
        raise ValueError(f"each token needs one logit, got {len(tokens)} tokens and logits of shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("logits must be finite numbers: give them before any filter sets some to -inf")
    return {"tokens": list(tokens), "logits": values.round(6).tolist()}
