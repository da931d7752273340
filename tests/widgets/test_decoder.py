"""The model in the page is the model of the book: plain JavaScript under Node.js against PyTorch, on fp16 weights."""

from pathlib import Path
from typing import Any

import pytest
import torch

from helpers import checkpoints, sampling
from helpers.models import Decoder, DecoderConfig
from tests.widgets.javascript import run_module

PROMPTS = {"a tale": "This is the story of Leo,", "not a tale": "Attention! 注意力 🦊", "nothing": ""}

# Reads the ids of a text, then goes on greedily; prints everything that can be compared.
PROGRAM = """
import { readFileSync } from "node:fs";
import { readSafetensors } from "{static}/safetensors.js";
import { assemble, cut, newCache, read, readOut } from "{static}/decoder.js";
const [path, ids, n] = process.argv.slice(1).map((text) => JSON.parse(text));
const { tensors, metadata } = readSafetensors(readFileSync(path));
const model = assemble(tensors, JSON.parse(metadata.config));
const cache = newCache(model);
const logits = [], lens = [], maps = [];
for (const id of ids) {
  const look = { maps: [], streams: [] };
  logits.push(Array.from(read(model, id, cache, look)));
  maps.push(look.maps.map((heads) => heads.map((row) => Array.from(row))));
  lens.push(look.streams.map((stream) => Array.from(readOut(model, stream))));
}
const written = [];
let next = logits.at(-1);
for (let i = 0; i < n; i++) {
  written.push(next.indexOf(next.reduce((a, b) => Math.max(a, b))));
  next = read(model, written.at(-1), cache);
}
cut(cache, ids.length - 1);
const again = Array.from(read(model, ids.at(-1), cache));
console.log(JSON.stringify({ logits, lens, maps, written, again }));
"""


def in_page(path: Path, ids: list[int], n: int = 0) -> dict[str, Any]:
    return run_module(PROGRAM, str(path), ids, n)


def half(model: Decoder) -> Decoder:
    """The model with its weights rounded to fp16, computed in fp32."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.half().float())
    return model.eval()


@pytest.mark.parametrize("name", ["gpt-tales", "llama-tales"])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_shipped_model_writes_in_javascript_what_it_writes_in_pytorch(name: str, prompt: str):
    model, tokenizer = checkpoints.load(name)
    ids = [tokenizer.eot_id, *tokenizer.encode(PROMPTS[prompt])]
    path = Path(checkpoints.__file__).parent / f"{name}.safetensors"
    answer = in_page(path, ids, 50)
    maps: list[torch.Tensor] = []
    logits = model(torch.tensor([ids]), maps=maps)[0]
    torch.testing.assert_close(torch.tensor(answer["logits"]), logits, atol=1e-3, rtol=0)
    for row, rows in enumerate(answer["maps"]):
        expected = torch.stack([layer[0, :, row, : row + 1] for layer in maps])
        torch.testing.assert_close(torch.tensor(rows, dtype=torch.float), expected, atol=1e-4, rtol=0)
    written = sampling.generate(model, torch.tensor([ids]), 50, temperature=0)
    assert answer["written"] == written[0].tolist()
    assert answer["again"] == answer["logits"][-1]  # after a cut the cache forgets


SMALL = DecoderConfig(vocab_size=19, context_length=24, d_model=16, n_layers=2, n_heads=4)
KINDS = {
    "gpt": SMALL,
    "llama": SMALL.but(norm="rms_norm", positions="rope", mlp="swiglu", n_kv_heads=2, bias=False, tie_embeddings=False),
    "one word at a time: norm": SMALL.but(norm="rms_norm"),
    "positions": SMALL.but(positions="rope", rope_base=500.0),
    "interleaved": SMALL.but(positions="rope", rope_pairing="interleaved"),
    "a part of each head": SMALL.but(positions="rope", rope_fraction=0.5),
    "a part, interleaved": SMALL.but(positions="rope", rope_fraction=0.5, rope_pairing="interleaved"),
    "mlp": SMALL.but(mlp="swiglu", d_ff=24),
    "squared": SMALL.but(mlp="relu_squared"),
    "heads": SMALL.but(n_kv_heads=1),
    "wide heads": SMALL.but(d_head=6, n_kv_heads=2),
    "biases": SMALL.but(bias=False, qkv_bias=True),
    "untied": SMALL.but(tie_embeddings=False),
    "scale": SMALL.but(attention_scale=1.0),
    "eps": SMALL.but(norm_eps=0.5),
    "odd width": SMALL.but(d_model=18, n_heads=3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_that_the_page_knows_is_computed_as_in_the_library(tmp_path: Path, kind: str):
    torch.manual_seed(5)
    model = Decoder(KINDS[kind])
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=0.4)
    path = tmp_path / "model.safetensors"
    path.write_bytes(checkpoints.pack(half(model)))
    ids = torch.randint(19, (24,)).tolist()
    logits = torch.tensor(in_page(path, ids)["logits"])
    torch.testing.assert_close(logits, model(torch.tensor([ids]))[0], atol=1e-3, rtol=1e-4)


def test_the_lens_reads_the_stream_after_the_embedding_and_after_each_block():
    model, tokenizer = checkpoints.load("llama-tales")
    ids = [tokenizer.eot_id, *tokenizer.encode("Once upon a time there was a")]
    path = Path(checkpoints.__file__).parent / "llama-tales.safetensors"
    streams = [model.token_embedding(torch.tensor([ids]))]
    for block in model.blocks:
        block.register_forward_hook(lambda module, given, stream: streams.append(stream))
    model(torch.tensor([ids]))
    expected = torch.stack([model.lm_head(model.final_norm(stream))[0] for stream in streams], dim=1)
    torch.testing.assert_close(torch.tensor(in_page(path, ids)["lens"]), expected, atol=1e-3, rtol=0)


def test_half_precision_is_read_exactly_from_the_smallest_to_the_largest_number():
    numbers = torch.arange(0, 65536, dtype=torch.int32).to(torch.uint16).view(torch.float16).float()
    program = """
        import { readSafetensors } from "{static}/safetensors.js";
        const header = new TextEncoder().encode(JSON.stringify(
            { x: { dtype: "F16", shape: [65536], data_offsets: [0, 131072] } }));
        const bytes = new Uint8Array(8 + header.length + 131072);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
        bytes.set(header, 8);
        for (let i = 0; i < 65536; i++) { bytes[8 + header.length + 2 * i] = i & 255;
                                          bytes[9 + header.length + 2 * i] = i >> 8; }
        const said = (x) => Number.isFinite(x) ? x : String(x);
        console.log(JSON.stringify(Array.from(readSafetensors(bytes).tensors.x, said)));
    """
    read = torch.tensor([float(number) for number in run_module(program)])
    assert torch.equal(read[~numbers.isnan()], numbers[~numbers.isnan()])
    assert torch.equal(read.isnan(), numbers.isnan())


def test_weights_that_are_not_in_half_precision_are_refused_by_name(tmp_path: Path):
    program = """
        import { readSafetensors } from "{static}/safetensors.js";
        const header = new TextEncoder().encode('{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}');
        const bytes = new Uint8Array(12 + header.length);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
        bytes.set(header, 8);
        let said = "";
        try { readSafetensors(bytes); } catch (error) { said = error.message; }
        console.log(JSON.stringify(said));
    """
    assert run_module(program) == "weights are read in half precision (F16), got F32 for w"
