"""The attention explorer: its numbers against NumPy and PyTorch, what it starts with, what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from traitlets import TraitError

from helpers import checkpoints
from helpers.models import Decoder, DecoderConfig
from helpers.tokenizers import BPETokenizer
from helpers.widgets.attention_explorer import LABELS, LIMITS, TEXT, AttentionExplorer, most_striking
from helpers.widgets.bundle import STATIC
from helpers.widgets.live_model import LABELS as LIVE_LABELS
from tests.widgets.javascript import ask, run_module

MODELS = ["gpt-tales", "llama-tales"]
TYPED = "Once upon a time there was a shy 🦊 called Mia."
SMALL = DecoderConfig(vocab_size=257, context_length=16, d_model=16, n_layers=2, n_heads=2)
BYTES = BPETokenizer([])

READ = """
import { readFileSync } from "node:fs";
import { readSafetensors } from "{static}/safetensors.js";
import { assemble } from "{static}/decoder.js";
import { makeTokenizer } from "{static}/bpe.js";
import { readText } from "{static}/attention_reading.js";
const [path, tokenizer, limits, texts] = process.argv.slice(1).map((text) => JSON.parse(text));
const { tensors, metadata } = readSafetensors(readFileSync(path));
const ready = { network: assemble(tensors, JSON.parse(metadata.config)), tokenizer: makeTokenizer(tokenizer) };
console.log(JSON.stringify(texts.map((text) => {
  const { is_cut, tokens, maps, lens } = readText(ready, text, limits);
  return { is_cut, tokens, maps: maps.map((heads) => heads.map((rows) => rows.map((row) => Array.from(row)))),
           lens: tokens.map((_, i) => lens(i)) };
})));
"""


def read_in_page(model: Decoder, tokenizer: BPETokenizer, folder: Path, *texts: str) -> list[dict[str, Any]]:
    path = folder / "model.safetensors"
    path.write_bytes(checkpoints.pack(model))
    return run_module(READ, str(path), tokenizer.to_dict(), LIMITS, list(texts))


def reference(model: Decoder, tokenizer: BPETokenizer, text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """All maps (layer, head, query, key), and the lens: position, depth, token."""
    ids = torch.tensor([[tokenizer.eot_id, *tokenizer.encode(text)]])
    maps: list[torch.Tensor] = []
    streams = [model.positions.add_to_embeddings(model.token_embedding(ids), torch.arange(ids.shape[1]))]
    hooks = [block.register_forward_hook(lambda block, given, out: streams.append(out)) for block in model.blocks]
    model(ids, maps=maps)
    for hook in hooks:
        hook.remove()
    lens = torch.stack([model.lm_head(model.final_norm(stream))[0] for stream in streams], dim=1)
    return torch.cat(maps).detach(), lens.softmax(-1).detach()


def causal_maps() -> list[list[list[float]]]:
    rng = np.random.default_rng(4)
    sharp = [rng.dirichlet(np.full(i + 1, 0.05)).tolist() for i in range(9)]
    even = [[1 / (i + 1)] * (i + 1) for i in range(20)]
    previous = [[1.0], *[[0.0] * i + [1.0, 0.0] for i in range(6)]]
    return [sharp, even, previous, [[1.0], [0.25, 0.75]]]


def test_distance_and_entropy_are_means_over_all_rows_but_the_first():
    for rows in causal_maps():
        distance, nats = ask("attention_reading.js", ["meanDistance", rows], ["meanEntropy", rows])
        later = [np.array(row) for row in rows[1:]]
        back = [(row * (len(row) - 1 - np.arange(len(row)))).sum() for row in later]
        spread = [-(row[row > 0] * np.log(row[row > 0])).sum() for row in later]
        assert distance == pytest.approx(np.mean(back), abs=1e-12)
        assert nats == pytest.approx(np.mean(spread), abs=1e-12)


def test_a_head_that_always_looks_at_the_token_before_has_distance_one_and_no_entropy():
    rows = causal_maps()[2]
    assert ask("attention_reading.js", ["meanDistance", rows], ["meanEntropy", rows]) == [1, 0]


def test_the_largest_come_first_and_of_equal_ones_the_earliest():
    values = [0.1, 0.4, 0.1, 0.4, 0.0]
    assert ask("attention_reading.js", ["largest", values, 3], ["largest", values, 9]) == [[1, 3, 0], [1, 3, 0, 2, 4]]


@pytest.mark.parametrize("name", MODELS)
def test_the_example_equals_pytorch(name: str):
    model, tokenizer = checkpoints.load(name)
    example = AttentionExplorer(name, text=TYPED).example
    maps, lens = reference(model, tokenizer, TYPED)
    packed = [head for layer in example["maps"] for head in layer]
    unpacked = ask("attention_reading.js", *[["unpacked", head] for head in packed])
    for rows, expected in zip(unpacked, maps.flatten(0, 1), strict=True):
        full = [row + [0.0] * (len(rows) - len(row)) for row in rows]
        torch.testing.assert_close(torch.tensor(full), expected, atol=5.1e-4, rtol=0)
    for i, depths in enumerate(example["lens"]):
        for depth, guesses in enumerate(depths):
            best = lens[i, depth].topk(3)
            assert [share / 1000 for _, share in guesses] == pytest.approx(best.values.tolist(), abs=5.1e-4)
            names = [tokenizer.decode([i]) for i in best.indices.tolist()]
            assert all(said == name or "\ufffd" in name for (said, _), name in zip(guesses, names, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_a_typed_text_is_read_in_javascript_as_in_pytorch(tmp_path: Path, name: str):
    model, tokenizer = checkpoints.load(name)
    (read,) = read_in_page(model, tokenizer, tmp_path, TYPED)
    maps, lens = reference(model, tokenizer, TYPED)
    assert read["tokens"] == AttentionExplorer(name, text=TYPED).example["tokens"]
    for query in range(len(read["tokens"])):
        rows = torch.tensor([[head[query] for head in layer] for layer in read["maps"]], dtype=torch.float)
        torch.testing.assert_close(rows, maps[:, :, query, : query + 1], atol=1e-4, rtol=0)
        for depth, guesses in enumerate(read["lens"][query]):
            best = lens[query, depth].topk(3)
            torch.testing.assert_close(torch.tensor([p for _, p in guesses]), best.values, atol=1e-3, rtol=0)


TEXTS = ["", " ", "fox", "x" * 15, "x" * 16, "123456789 " * 4, "🦊 注意力\n\t" * 3, "<|endoftext|>"]


def test_python_and_the_page_cut_every_text_alike(tmp_path: Path):
    torch.manual_seed(2)
    model = Decoder(SMALL).eval()
    for text, read in zip(TEXTS, read_in_page(model, BYTES, tmp_path, *TEXTS), strict=True):
        example = AttentionExplorer(model, BYTES, text=text).example
        assert (read["tokens"], read["is_cut"]) == (example["tokens"], example["is_cut"])
        assert len(read["tokens"]) == 1 + min(15, len(text.encode()))
        assert read["is_cut"] == (len(text.encode()) > 15)
        assert [len(read["maps"]), len(read["maps"][0]), len(read["lens"])] == [2, 2, len(read["tokens"])]


def test_a_text_that_is_too_long_keeps_its_end(tmp_path: Path):
    model = Decoder(SMALL.but(context_length=400)).eval()
    text = "a" * 200 + "b" * 255
    example = AttentionExplorer(model, BYTES, text=text).example
    assert example["tokens"] == ["<|endoftext|>", *"b" * 255]
    assert (example["is_cut"], len(example["tokens"])) == (True, LIMITS["tokens"])
    assert read_in_page(model, BYTES, tmp_path, text)[0]["tokens"] == example["tokens"]


def test_of_a_word_without_end_only_the_end_is_cut_into_tokens(tmp_path: Path):
    model, tokenizer = checkpoints.load("gpt-tales")
    text = "🦊fox" * 5_000
    example = AttentionExplorer(text=text).example
    (read,) = read_in_page(model, tokenizer, tmp_path, text)
    assert (read["is_cut"], example["is_cut"]) == (True, True)
    assert read["tokens"] == example["tokens"]
    assert len(read["tokens"]) == LIMITS["tokens"]


def test_limits_are_those_of_python_in_the_page_too(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(checkpoints.pack(Decoder(SMALL)))
    limits = {"tokens": 8, "letters": 8, "guesses": 2}
    read = run_module(READ, str(path), BYTES.to_dict(), limits, ["123456789", "12345678", "1234"])
    assert [one["is_cut"] for one in read] == [True, True, False]
    assert [one["tokens"][1:] for one in read] == [list("3456789"), list("2345678"), list("1234")]
    (fox,) = run_module(READ, str(path), BYTES.to_dict(), {**limits, "tokens": 12, "letters": 4}, ["0123🦊"])
    assert fox["tokens"][1:4] == list("123")  # letters are counted as Python counts them
    assert {len(guesses) for one in read for depths in one["lens"] for guesses in depths} == {2}


@pytest.mark.parametrize("name", MODELS)
def test_the_first_view_shows_a_head_that_brings_the_name_back(name: str):
    explorer = AttentionExplorer(name)
    tokens, last = explorer.example["tokens"], explorer.example["lens"][-1]
    assert (explorer.text, tokens[-1], explorer.token) == (TEXT, " lived", -1)
    assert tokens[int(np.argmax(explorer.looked_at))] == "."
    assert max(explorer.looked_at) > 0.8
    assert last[0][0][0] != " Leo"  # after the embedding nobody knows who lives there
    assert last[-1][0][0] == " Leo"
    assert len(json.dumps(explorer.example)) < 12_000


def test_the_chosen_row_is_handed_to_python():
    model, tokenizer = checkpoints.load("gpt-tales")
    maps, _ = reference(model, tokenizer, TYPED)
    explorer = AttentionExplorer(text=TYPED, layer=2, head=1, token=5)
    assert (explorer.layer, explorer.head) == (2, 1)
    assert explorer.looked_at == pytest.approx(maps[2, 1, 5, :6].tolist(), abs=5.1e-4)
    assert AttentionExplorer(text=TYPED, head=1).layer == 0  # what is given stays as given


def test_what_is_looked_at_follows_the_text_without_a_page():
    model, tokenizer = checkpoints.load("gpt-tales")
    explorer = AttentionExplorer()
    explorer.text, explorer.layer, explorer.token = TYPED, 1, 4
    maps, _ = reference(model, tokenizer, TYPED)
    assert explorer.looked_at == pytest.approx(maps[1, explorer.head, 4, :5].tolist(), abs=5.1e-4)
    explorer.token = 999  # behind the end: the last
    assert len(explorer.looked_at) == maps.shape[-1]


def test_a_model_of_the_notebook_has_its_own_grid():
    explorer = AttentionExplorer(Decoder(SMALL), BYTES, text="")
    assert (len(explorer.example["maps"]), len(explorer.example["maps"][0])) == (2, 2)
    assert explorer.looked_at == [1.0]
    explorer.layer = 1
    with pytest.raises(TraitError, match="layer must be from 0 to 1 in this model, got 2"):
        explorer.layer = 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer": 3}, "layer must be from 0 to 2 in this model, got 3"),
        ({"head": -1}, "head must be from 0 to 2 in this model, got -1"),
        ({"token": -2}, "token must be a place from 0, or -1 for the last, got -2"),
    ],
)
def test_what_the_model_does_not_have_is_refused(settings: dict, message: str):
    with pytest.raises(TraitError, match=message):
        AttentionExplorer(**settings)


def test_half_a_character_is_refused():
    explorer = AttentionExplorer(text="fox")
    with pytest.raises(ValueError, match="lone surrogate"):
        explorer.text = "\ud83e"
    assert explorer.text == "fox"


def test_looks_at_the_start_and_at_itself_are_not_striking():
    rows = [[[900, 100], [300, 700], [0, 1000]], [[50, 350, 600], [100, 400, 500], [900, 0, 100]]]
    maps = [[[1000, *first[:2], *last] for first, last in zip(*rows, strict=True)]]
    example = {"tokens": ["", "a", "b"], "maps": maps}
    assert most_striking(example, -1) == (0, 1)  # 0.4 of its attention on the token in between


def test_everything_it_sends_to_the_page_is_plain_json():
    state = AttentionExplorer(embed=False).get_state()
    assert {"text", "layer", "head", "token", "limits", "example", "checkpoint"} <= state.keys()
    json.dumps({name: value for name, value in state.items() if name not in ("layout", "weights")})


def test_the_page_uses_every_label_and_no_other():
    code = (STATIC / "attention_explorer.js").read_text()
    used = {name for name in LABELS if f"text.{name}" in code}
    assert used == set(LABELS)
    assert AttentionExplorer().labels == LIVE_LABELS | LABELS
