"""The writer from Python: what it shows before its weights arrive, what it refuses, what it hands over."""

import json
import math
from dataclasses import fields
from typing import Any

import pytest
import torch
from traitlets import TraitError

from helpers import checkpoints
from helpers.models import Decoder, DecoderConfig
from helpers.models.config import ExpertsConfig, LatentConfig
from helpers.positions.rope_scaling import LinearScaling
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.pretokenize import LLAMA_3_PATTERN
from helpers.widgets.live_model import PAGE_WORDS, LiveModel
from helpers.widgets.writer import N_SHOWN, Writer, draw, uniform
from tests.widgets.javascript import ask

SMALL = DecoderConfig(vocab_size=257, context_length=16, d_model=16, n_layers=1, n_heads=2)
BYTES = BPETokenizer([])


@pytest.fixture(scope="module")
def writer() -> Writer:
    return Writer(n_written=12, temperature=0.8, top_k=20, seed=3)


def test_the_example_is_what_the_model_says_token_by_token(writer: Writer):
    model, tokenizer = checkpoints.load("gpt-tales")
    ids = [tokenizer.eot_id, *tokenizer.encode(writer.prompt), *writer.written]
    log_probs = model(torch.tensor([ids])).double().log_softmax(-1)[0]
    first = len(ids) - len(writer.written)
    surprise = [-log_probs[first + i - 1, id].item() for i, id in enumerate(writer.written)]
    assert writer.example["surprise"] == pytest.approx(surprise, abs=1e-3)
    probs = log_probs[-1].exp()
    assert [id for id, _, _ in writer.example["next"]] == probs.topk(N_SHOWN).indices.tolist()
    assert [p for _, p, _ in writer.example["next"]] == pytest.approx(probs.topk(N_SHOWN).values.tolist(), abs=1e-4)
    assert writer.text == writer.prompt + tokenizer.decode(writer.written)


def test_filters_shape_the_example(writer: Writer):
    greedy = Writer(n_written=12, temperature=0.0)
    assert greedy.written != writer.written
    assert [after for _, _, after in greedy.example["next"]] == [1.0] + [0.0] * (N_SHOWN - 1)


def test_the_stream_of_chance_is_that_of_the_page():
    pairs = [(seed, n) for seed in (0, 7, 123456) for n in range(50)]
    assert [uniform(seed, n) for seed, n in pairs] == ask("filters.js", *[["uniform", *pair] for pair in pairs])
    shares = [0.2, 0.0, 0.5, 0.3, 0.0]
    numbers = [0.0, 0.19, 0.2, 0.69, 0.71, 0.9999]
    assert [draw(shares, u) for u in numbers] == ask("filters.js", *[["draw", shares, u] for u in numbers])
    assert draw([0.5, 0.4999999, 0.0], 0.99999999) == 1


def test_a_story_that_ends_stops_the_example():
    writer = Writer(n_written=400, temperature=0.0)
    end = writer.cutter.eot_id
    assert end not in writer.written[:-1]
    assert writer.written[-1] == end or len(writer.written) + 1 + len(writer.cutter.encode(writer.prompt)) == 256
    assert "<|endoftext|>" not in writer.text


@pytest.mark.parametrize("prompt", ["", "🦊", "word " * 2000])
def test_a_strange_prompt_does_not_break_it(prompt: str):
    writer = Writer(prompt=prompt, n_written=3)
    assert len(writer.written) == 3
    assert writer.text.startswith(prompt)


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", -1.0), ("top_k", -1), ("top_p", 0.0), ("min_p", 1.5), ("repetition_penalty", 0.0)],
)
def test_senseless_settings_are_refused(writer: Writer, name: str, value: float):
    before = getattr(writer, name)
    with pytest.raises(TraitError, match=name):
        setattr(writer, name, value)
    assert getattr(writer, name) == before


def test_a_model_that_was_built_in_the_notebook_can_write():
    model = Decoder(SMALL)
    writer = Writer(model, BYTES, prompt="abc", n_written=2, truth=None)
    assert writer.checkpoint == ""
    assert writer.grammar == ""
    other = Writer(Decoder(SMALL), BYTES, prompt="abc", n_written=2, truth=None)
    assert writer.digest != other.digest  # two models must not share their weights in the page
    assert Writer(model, BYTES, n_written=0, truth=None).digest == writer.digest


def test_weights_travel_when_the_page_asks_and_not_before(monkeypatch: pytest.MonkeyPatch):
    live = LiveModel(Decoder(SMALL), BYTES)
    sent: list[Any] = []
    monkeypatch.setattr(live, "send", lambda content, buffers: sent.append((content, buffers)))
    live._handle_custom_msg({"kind": "something else"}, [])
    assert sent == []
    live._handle_custom_msg({"kind": "weights"}, [])
    assert sent == [({"kind": "weights"}, [checkpoints.pack(live.decoder)])]
    assert live.weights == b""
    assert LiveModel(live.decoder, BYTES, embed=True).weights == checkpoints.pack(live.decoder)


FOREIGN: dict[str, dict[str, Any]] = {
    "norm_position": {"norm_position": "post"},
    "positions": {"positions": "alibi"},
    "rope_scaling": {"positions": "rope", "rope_scaling": LinearScaling(2.0)},
    "mlp": {"mlp": "relu"},
    "parallel_residual": {"parallel_residual": True},
    "embedding_norm": {"embedding_norm": True},
    "qk_norm": {"qk_norm": True},
    "window": {"window": 4},
    "experts": {"experts": ExpertsConfig(2, 1)},
    "latent": {"latent": LatentConfig(8, 8, 4, 4, 4), "bias": False, "positions": "none"},
}


@pytest.mark.parametrize("word", FOREIGN)
def test_a_model_that_the_page_cannot_compute_is_refused_by_the_word(word: str):
    with pytest.raises(ValueError, match=r"the model in the page knows \w+ = .*, got"):
        LiveModel(Decoder(SMALL.but(**FOREIGN[word])), BYTES)


def test_every_word_that_could_change_the_arithmetic_is_known_or_checked():
    computed = {
        "vocab_size", "context_length", "d_model", "n_layers", "n_heads", "n_kv_heads", "d_head", "d_ff", "norm_eps",
        "rope_base", "rope_fraction", "rope_pairing", "attention_scale", "bias", "qkv_bias", "tie_embeddings",
    }  # fmt: skip
    assert {field.name for field in fields(DecoderConfig)} == computed | PAGE_WORDS.keys()


def test_a_tokenizer_without_an_end_of_text_is_refused():
    with pytest.raises(ValueError, match="special tokens none"):
        LiveModel(Decoder(SMALL.but(vocab_size=256)), BPETokenizer([], special_tokens=[]))


def test_the_page_knows_which_special_token_ends_a_text():
    tokenizer = BPETokenizer([], special_tokens=["<|user|>", "<|endoftext|>"])
    assert LiveModel(Decoder(SMALL.but(vocab_size=258)), tokenizer).end_of_text == tokenizer.eot_id == 257


def test_what_the_model_cannot_have_written_is_refused(writer: Writer):
    before = writer.written
    with pytest.raises(TraitError, match="ids from 0 to 1024, got"):
        writer.written = [5, 9999]
    with pytest.raises(TraitError, match="a context of 256 tokens, got 300 written"):
        writer.written = [5] * 300
    assert writer.written == before


def test_the_text_follows_what_is_written_without_any_view():
    writer = Writer(n_written=4)
    writer.written = writer.written[:2]
    assert writer.text == writer.prompt + writer.cutter.decode(writer.written)


def test_a_tokenizer_with_an_order_of_its_own_is_refused():
    own = {i: bytes([255 - i]) for i in range(256)}
    with pytest.raises(ValueError, match="has another order"):
        LiveModel(Decoder(SMALL), BPETokenizer([], vocabulary=own))


@pytest.mark.parametrize("odd", [{"whole_pieces": True}, {"pattern": LLAMA_3_PATTERN}], ids=str)
def test_a_tokenizer_that_the_page_would_cut_otherwise_is_refused(odd: dict[str, Any]):
    with pytest.raises(ValueError, match=r"the page (numbers tokens|reads patterns)"):
        LiveModel(Decoder(SMALL), BPETokenizer([], **odd))


def test_a_decoder_without_its_tokenizer_is_refused():
    with pytest.raises(ValueError, match="needs the tokenizer it was trained with"):
        LiveModel(Decoder(SMALL))


def test_the_state_is_plain_json_and_small():
    state = Writer().get_state()
    size = len(json.dumps({k: v for k, v in state.items() if k not in ("layout", "tabbable", "tooltip", "weights")}))
    assert size < 120_000
    assert state["weights"] == b""
    assert math.isfinite(sum(state["example"]["surprise"]))
