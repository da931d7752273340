"""The sampling explorer from Python: what it starts with, what it refuses."""

import json
import re

import pytest
import torch
from traitlets import TraitError

from helpers.widgets import SamplingExplorer
from helpers.widgets.bundle import STATIC
from helpers.widgets.sampling_explorer import LABELS

TOKENS = [" fox", " owl", " bear"]


def test_it_starts_with_the_distribution_unfiltered():
    explorer = SamplingExplorer(TOKENS, [2.0, 1.0, 0.0], prompt="Leo met a")
    assert (explorer.temperature, explorer.top_k, explorer.top_p) == (1.0, 0, 1.0)
    assert explorer.contexts == [{"name": "Leo met a", "tokens": TOKENS, "logits": [2.0, 1.0, 0.0]}]
    assert explorer.context == "Leo met a"


def test_several_contexts_keep_their_order_and_the_first_is_shown():
    contexts = {"b": (TOKENS, [1.0, 2.0, 3.0]), "a": (TOKENS[:2], [0.0, 0.0])}
    explorer = SamplingExplorer(contexts=contexts)
    assert [context["name"] for context in explorer.contexts] == ["b", "a"]
    assert explorer.context == "b"
    assert SamplingExplorer(contexts=contexts, context="a").context == "a"


def test_logits_may_be_a_tensor_with_a_gradient():
    logits = torch.tensor([0.1234567891, 0.0, -1.0], requires_grad=True)
    assert SamplingExplorer(TOKENS, logits).contexts[0]["logits"] == pytest.approx([0.123457, 0.0, -1.0], abs=1e-6)


def test_everything_it_sends_to_the_page_is_plain_json():
    state = SamplingExplorer(TOKENS, torch.randn(3)).get_state()
    assert {"contexts", "temperature", "top_k", "top_p", "probabilities", "tally", "sampled"} <= state.keys()
    json.dumps({name: value for name, value in state.items() if name not in ("layout", "tabbable", "tooltip")})


@pytest.mark.parametrize(
    ("tokens", "logits", "message"),
    [
        (TOKENS, [1.0, 2.0], "each token needs one logit, got 3 tokens"),
        (TOKENS, [[1.0, 2.0, 3.0]], "each token needs one logit"),
        ([], [], "each token needs one logit"),
        (TOKENS, [1.0, float("nan"), 0.0], "must be finite"),
        (TOKENS, [1.0, float("-inf"), 0.0], "before any filter"),
    ],
)
def test_what_is_not_a_distribution_is_refused(tokens: list, logits: list, message: str):
    with pytest.raises(ValueError, match=message):
        SamplingExplorer(tokens, logits)


def test_one_distribution_and_several_at_once_are_refused():
    with pytest.raises(ValueError, match="either tokens with their logits, or contexts"):
        SamplingExplorer(TOKENS, [1.0, 2.0, 3.0], contexts={"a": (TOKENS, [1.0, 2.0, 3.0])})


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("temperature", -0.1, "temperature must be 0"),
        ("temperature", float("nan"), "temperature must be 0"),
        ("top_k", -1, "top_k must be 0"),
        ("top_p", 0.0, "top_p must be above 0"),
        ("top_p", 1.2, "top_p must be above 0"),
        ("context", "elsewhere", "context must be one of"),
    ],
)
def test_a_setting_out_of_range_is_refused_at_the_start_and_later(setting: str, value: object, message: str):
    with pytest.raises(TraitError, match=message):
        SamplingExplorer(TOKENS, [1.0, 2.0, 3.0], **{setting: value})
    explorer = SamplingExplorer(TOKENS, [1.0, 2.0, 3.0])
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)


def test_the_script_uses_every_label_and_no_other():
    script = (STATIC / "sampling_explorer.js").read_text(encoding="utf-8")
    used = set(re.findall(r"(?:\btext|\"labels\"\))\.(\w+)", script))
    used |= {f"legend_{part}" for part in ("before", "after", "share")}
    assert used == set(LABELS)
