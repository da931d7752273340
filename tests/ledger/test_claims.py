"""The ledger is complete, checks itself, and every number in it can be computed again."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from helpers import ledger
from helpers.ledger import Claim, Number
from helpers.ledger.claim import first_out_of_order, parsed
from helpers.ledger.memory import cache_bytes, decoder
from helpers.ledger.number import readable
from helpers.ledger.parameters import size, size_of_repeats

ROOT = Path(__file__).resolve().parents[2]
ROOM = ROOT / "src" / "helpers" / "ledger"
KEYS = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), re.MULTILINE))
RANGES = [(1, 15), (19, 26), (30, 47), (50, 66), (70, 81), (85, 96), (100, 115), (120, 128), (130, 131)]
IDS = [f"C{n:03d}" for first, last in RANGES for n in range(first, last + 1)]
COMPUTED = sorted({name for claim in ledger.claims() for name in claim.computed})


def example(**changes: object) -> Claim:
    """A claim that is right in every way but those."""
    good = Claim("C001", "1.1", "It is so.", "wrong", "It is not.", ("03_gpt",), "read", ("radford2019gpt2",))
    return replace(good, **changes)


def test_every_claim_of_the_article_is_there_once():
    assert [claim.id for claim in ledger.claims()] == IDS
    assert len(ledger.sections()) == 9


@pytest.mark.parametrize("claim", ledger.claims(), ids=lambda claim: claim.id)
def test_a_claim_names_sources_of_the_bibliography_and_speaks_in_sentences(claim: Claim):
    assert set(claim.sources) <= KEYS
    assert re.search(r"[.?”]$", claim.claim)
    assert claim.correction.endswith(".")
    assert not re.search(r"[\u4e00-\u9fff]", claim.claim + claim.correction)


@pytest.mark.parametrize("name", COMPUTED)
def test_a_number_of_the_ledger_is_computed_again(name: str):
    numbers = ledger.recompute(name)
    assert numbers
    assert [str(number) for number in numbers if not number.agrees] == []


@pytest.mark.parametrize("name", COMPUTED)
def test_a_number_that_is_wrong_by_a_fifth_would_be_noticed(name: str):
    for number in ledger.recompute(name):
        for factor in (0.8, 1.2):
            wrong = number.value * factor if number.stated else 0.1
            assert not replace(number, value=wrong).agrees, number


def test_every_function_that_computes_numbers_belongs_to_a_claim():
    written = set()
    for path in ROOM.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "list[Number]":
                written.add(f"{path.stem}.{node.name}")
    assert written == set(COMPUTED)


def test_a_wrong_preset_makes_its_claim_fail(monkeypatch: pytest.MonkeyPatch):
    from helpers.ledger import parameters

    assert all(number.agrees for number in parameters.gpt1())
    monkeypatch.setattr(parameters, "preset", lambda _: decoder("gpt1").but(vocab_size=50257))
    parameters.size.cache_clear()
    assert [number.agrees for number in parameters.gpt1()] == [False]
    parameters.size.cache_clear()


def test_short_models_tell_the_size_of_long_ones():
    from helpers.models import Decoder

    config = decoder("llama-4-maverick").but(d_model=64, n_heads=8, d_head=8, d_ff=32, vocab_size=100, n_layers=8)
    assert config.experts
    config = config.but(experts=replace(config.experts, n_experts=6, d_ff=16))
    whole = Decoder(config)
    assert size_of_repeats(config) == (whole.n_parameters, whole.n_active_parameters)
    assert size("mixtral-8x7b") == (46_702_792_704, 12_879_925_248)


def test_the_cache_is_counted_by_the_formula_of_the_book():
    config = decoder("llama-3.1-8b")
    assert cache_bytes(config, 10) == 2 * 2 * config.n_layers * config.n_kv_heads * config.d_head * 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "63"}, "numbered C and three digits"),
        ({"verdict": "false"}, "verdict is one of right, imprecise"),
        ({"sure": "very"}, "sure is one of read"),
        ({"chapters": ("11_more",)}, "chapters is one of 01_concepts"),
        ({"chapters": ()}, "C001 needs chapters"),
        ({"correction": ""}, "C001 needs correction"),
        ({"sources": ()}, "needs a source"),
        ({"computed": ("layers.nothing",)}, "no function 'nothing' in helpers/ledger/layers.py"),
        ({"computed": ("nothing.layers",)}, "no function 'layers' in helpers/ledger/nothing.py"),
    ],
)
def test_a_claim_that_is_not_whole_is_refused(changes: dict, message: str):
    with pytest.raises(ValueError, match=message):
        example(**changes)


def test_what_nobody_can_know_needs_no_source():
    assert example(sources=(), verdict="unverifiable").sources == ()


def test_a_misspelt_field_is_refused():
    text = (ROOM / "claims" / "1_concepts.toml").read_text(encoding="utf-8")
    assert parsed(text).claims[0].id == "C001"
    with pytest.raises(TypeError):
        parsed(text.replace("verdict =", "verdikt =", 1))


def test_claims_out_of_order_are_named():
    assert first_out_of_order(["C001", "C003", "C002"]) == "C002"
    assert first_out_of_order(["C001", "C001"]) == "C001"


def test_a_number_says_what_is_stated_only_where_it_differs():
    assert str(Number("GPT-3", 174_604_259_328, 175e9, "parameters", 1e9)) == (
        "GPT-3: 174,604,259,328 parameters (stated: 175,000,000,000)"
    )
    assert str(Number("dust", 3e-13, 0, "", 1e-10)) == "dust: 0"
    assert readable(3.14287e23) == "3.143 × 10^23"
    assert not Number("nothing", float("nan"), 0, "", 1.0).agrees


def test_a_negative_tolerance_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        Number("x", 1, 1, "", -1)
