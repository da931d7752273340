"""The page on notation knows every size and every word of a decoder."""

from dataclasses import fields
from pathlib import Path

import pytest

from helpers.models.config import DecoderConfig

PAGE = Path(__file__).resolve().parents[2] / "book" / "notation.md"


@pytest.mark.parametrize("name", [field.name for field in fields(DecoderConfig)])
def test_a_field_of_the_configuration_has_one_row(name):
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1
