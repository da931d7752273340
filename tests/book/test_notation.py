"""The page on notation knows every size and every word of a decoder."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from helpers.models import Decoder
from helpers.models.config import DecoderConfig

PAGE = Path(__file__).resolve().parents[2] / "book" / "notation.md"


@pytest.mark.parametrize("name", [field.name for field in fields(DecoderConfig)])
def test_a_field_of_the_configuration_has_one_row(name):
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1


def test_the_shapes_that_are_followed_through_are_those_of_the_model_named():
    model = Decoder(
        DecoderConfig(vocab_size=300, context_length=16, d_model=32, n_layers=1, n_heads=4, n_kv_heads=2, d_ff=128)
    )
    attention, mlp = model.blocks[0].attention, model.blocks[0].mlp
    inputs = {
        "`token_embedding(ids)`": model.token_embedding,
        "`q`": attention.q_proj,
        "`k`, `v`": attention.k_proj,
        "after `o_proj`": attention.o_proj,
        "after `up_proj`": mlp.up_proj,
    }
    shapes = {"`ids`": (2, 5)}
    for name, module in inputs.items():
        module.register_forward_hook(lambda module, arguments, out, name=name: shapes.update({name: tuple(out.shape)}))
    maps = []
    shapes["`logits`"] = tuple(model(torch.zeros(shapes["`ids`"], dtype=torch.long), maps=maps).shape)
    shapes["`weights`"] = tuple(maps[0].shape)
    heads = {"`q`": 4, "`k`, `v`": 2}  # projections come out with their heads side by side
    for name, n in heads.items():
        batch, length, width = shapes[name]
        shapes[name] = (batch, n, length, width // n)
    said = dict(re.findall(r"^\| [^|]+ \| ([^|]+) \| \$[^|]+\$ \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.M))
    assert said == {name: " × ".join(map(str, shape)) for name, shape in shapes.items()}
