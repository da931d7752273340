"""The RoPE explorer without a page: its JavaScript computes what helpers.positions computes, its traits check."""

import json
import math
import re
from collections.abc import Iterator
from itertools import pairwise, product

import pytest
import torch
from traitlets import TraitError

from helpers.positions import RotaryPositions, apply_rope, rope_angles, rope_frequencies
from helpers.widgets.bundle import STATIC
from helpers.widgets.rope_explorer import LABELS, SCALINGS, RopeExplorer
from tests.widgets.javascript import ask as ask_module
from tests.widgets.javascript import run_module

RULES = list(product(SCALINGS, [1.0, 2.5, 8.0, 32.0]))
SHAPES = list(product([4, 6, 16, 20, 64, 128], [500.0, 10_000.0, 1_000_000.0], [256, 8192]))


def ask(*questions: list) -> list:
    """The answers of the page's own functions."""
    return ask_module("rope.js", *questions)


def settings(d: int, base: float, length: int, scaling: str, factor: float, query: int = 0, key: int = 0) -> dict:
    names = ("d_head", "base", "trained_length", "scaling", "factor", "query_position", "key_position")
    return dict(zip(names, (d, base, length, scaling, factor, query, key), strict=True))


@pytest.fixture
def double() -> Iterator[None]:
    """The library computes in 64 bits, as JavaScript does."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


CASES = [settings(*shape, *rule) for shape in SHAPES for rule in RULES]


def library(case: dict) -> torch.Tensor:
    rule = SCALINGS[case["scaling"]](case["factor"], case["trained_length"])
    return rule.frequencies(case["d_head"], case["base"])


@pytest.mark.usefixtures("double")
def test_frequencies_equal_the_library_for_every_rule_width_base_factor_and_context():
    answers = ask(*[["frequenciesOf", case] for case in CASES])
    for case, answer in zip(CASES, answers, strict=True):
        assert answer == pytest.approx(library(case).tolist(), rel=1e-9), case


def test_frequencies_equal_those_of_a_model_in_32_bits():
    for case, answer in zip(CASES, ask(*[["frequenciesOf", case] for case in CASES]), strict=True):
        assert answer == pytest.approx(library(case).tolist(), rel=2e-6), case


def test_the_attention_factor_equals_the_library():
    cases = [settings(16, 1e4, 256, *rule) for rule in RULES]
    expected = [SCALINGS[word](factor, 256).attention_factor for word, factor in RULES]
    assert ask(*[["attentionFactor", case] for case in cases]) == pytest.approx(expected, rel=1e-12)
    assert len(set(expected)) > 3  # YaRN sharpens more, the longer the context


@pytest.mark.usefixtures("double")
def test_the_score_of_a_distance_is_the_dot_product_of_what_the_library_turns():
    places = [(700, 100), (100, 700), (31, 31), (60_000, 123)]
    cases = [settings(d, 1e4, 256, *rule, *place) for d in (4, 16, 64) for rule in RULES for place in places]
    apart = [abs(case["query_position"] - case["key_position"]) for case in cases]
    answers = ask(*[["scoreAt", d, library(case).tolist()] for d, case in zip(apart, cases, strict=True)])
    for case, answer in zip(cases, answers, strict=True):
        positions = torch.tensor([case["query_position"], case["key_position"]])
        same = torch.full((2, case["d_head"]), case["d_head"] ** -0.5)
        for pairing in ("half", "interleaved"):
            query, key = apply_rope(same, rope_angles(positions, library(case)), pairing)
            assert answer == pytest.approx(float(query @ key), rel=1e-6, abs=1e-9)


def test_the_score_is_what_a_random_direction_scores_with_itself_on_average():
    same = torch.nn.functional.normalize(torch.randn(20_000, 16, generator=torch.Generator().manual_seed(3)), dim=-1)
    speeds = rope_frequencies(16)
    turned = apply_rope(same[:, None], rope_angles(torch.tensor([40]), speeds))[:, 0]
    assert float((turned * same).sum(-1).mean()) == pytest.approx(ask(["scoreAt", 40, speeds.tolist()])[0], abs=0.01)


def test_the_thick_line_is_the_mean_of_the_scores_around():
    speeds = [1.0, 0.1, 0.003]
    around = [300 + 64 * (i + 0.5) / 1000 - 32 for i in range(1000)]
    mean, *scores = ask(["meanAround", 300, speeds, 1.3, 64], *[["scoreAt", at, speeds, 1.3] for at in around])
    assert mean == pytest.approx(sum(scores) / len(scores), abs=1e-5)


def test_an_angle_is_new_if_no_distance_in_training_reached_it():
    distances = [0, 100, 255, 256, 600, 1000, 5000]
    cases = [settings(16, 1e4, 256, word, 4.0, 2 * at, at) for word in SCALINGS for at in distances]
    for case, pairs in zip(cases, ask(*[["pairsOf", case] for case in cases]), strict=True):
        for plain, speed, pair in zip(rope_frequencies(16).tolist(), library(case).tolist(), pairs, strict=True):
            seen, angle = 255 * plain, case["key_position"] * speed % math.tau
            assert pair["isSlow"] == (seen < math.tau)
            assert pair["isNew"] == (seen < math.tau and angle > seen + 1e-4)
            assert pair["angle"] == pytest.approx(angle, abs=1e-3)
            assert pair["ratio"] == pytest.approx(plain / speed, rel=1e-5)


def test_within_the_stretched_context_linear_yarn_and_llama3_show_nothing_new_and_ntk_does():
    places = range(0, 4 * 255 + 1, 10)
    cases = [settings(16, 1e4, 256, word, 4.0, at) for word in SCALINGS for at in places]
    new = [sum(pair["isNew"] for pair in pairs) for pairs in ask(*[["pairsOf", case] for case in cases])]
    most = {word: max(new[i * len(places) : (i + 1) * len(places)]) for i, word in enumerate(SCALINGS)}
    assert most == {"none": 4, "linear": 0, "ntk": 3, "yarn": 0, "llama3": 0}


def test_the_curve_is_drawn_from_the_first_distance_to_the_last_without_too_many_points():
    spans = [1, 9, 1024, 4800, 4801, 65_536, 10_000_000]
    answers = ask_module("rope_curve.js", *[["distancesOf", span, 600] for span in spans])
    for span, distances in zip(spans, answers, strict=True):
        check_distances(span, distances)


def check_distances(span: int, distances: list[int]) -> None:
    assert (distances[0], distances[-1]) == (0, span)
    assert all(earlier < later for earlier, later in pairwise(distances))
    assert len(distances) <= 8 * 600 + 1
    assert span > 4800 or len(distances) == span + 1


# ---------------------------------------------------------------- traits


def test_it_starts_where_half_of_the_dials_show_an_angle_never_trained():
    explorer = RopeExplorer()
    state = {name: getattr(explorer, name) for name in settings(0, 0, 0, "", 0)}
    assert state == settings(16, 1e4, 256, "none", 4.0, 700, 100)
    assert sum(pair["isNew"] for pair in ask(["pairsOf", state])[0]) == 4


def test_the_score_follows_every_setting():
    explorer = RopeExplorer()
    scores = [explorer.score]
    changes = {
        "query_position": 650,
        "base": 500.0,
        "scaling": "yarn",
        "factor": 2.0,
        "trained_length": 64,
        "d_head": 32,
    }
    for name, value in changes.items():
        setattr(explorer, name, value)
        scores.append(explorer.score)
        speeds = explorer.rule.frequencies(explorer.d_head, explorer.base).tolist()
        expected = ask(["scoreAt", 550, speeds, explorer.rule.attention_factor**2])[0]
        assert explorer.score == pytest.approx(expected, abs=1e-4)
    assert len({round(score, 5) for score in scores}) == len(scores)


def test_only_the_distance_counts():
    explorer = RopeExplorer(scaling="ntk")
    before = explorer.score
    explorer.query_position, explorer.key_position = explorer.query_position + 300, explorer.key_position + 300
    assert explorer.score == pytest.approx(before, abs=1e-9)
    explorer.query_position += 1
    assert abs(explorer.score - before) > 1e-3


def test_a_notebook_goes_on_with_the_rule_that_the_reader_chose():
    explorer = RopeExplorer(scaling="yarn", factor=3.0, trained_length=512)
    assert (explorer.rule.factor, explorer.rule.original_context) == (3.0, 512)
    rotary = RotaryPositions(explorer.d_head, explorer.base, scaling=explorer.rule)
    assert rotary.scaling.attention_factor > 1


def test_the_score_is_a_result_and_cannot_be_set():
    with pytest.raises(TraitError, match="read-only"):
        RopeExplorer().score = 1.0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("query_position", -1, "query_position must be from 0 to"),
        ("key_position", 10**8, "key_position must be from 0 to 10,000,000"),
        ("d_head", 15, "d_head must be even"),
        ("d_head", 2, "d_head must be from 4 to 256"),
        ("base", 1.0, "base must be from 2"),
        ("base", math.nan, "base must be from 2"),
        ("factor", 0.5, "factor must be from 1 to 1,000"),
        ("factor", math.inf, "factor must be from 1"),
        ("trained_length", 1, "trained_length must be from 2"),
        ("scaling", "dynamic", "scaling must be one of none, linear, ntk, yarn, llama3, got 'dynamic'"),
    ],
)
def test_a_setting_out_of_range_is_refused_at_the_start_and_later(name: str, value: object, message: str):
    with pytest.raises(TraitError, match=message):
        RopeExplorer(**{name: value})
    with pytest.raises(TraitError, match=message):
        setattr(RopeExplorer(), name, value)


def test_the_page_follows_the_library_to_the_ends_of_the_ranges():
    ends = [(4, 2.0, 2), (256, 1e12, 1_000_000), (4, 1e12, 2), (256, 2.0, 1_000_000)]
    cases = [settings(*end, word, factor, 10**7) for end in ends for word in SCALINGS for factor in (1.0, 1000.0)]
    for case, answer in zip(cases, ask(*[["frequenciesOf", case] for case in cases]), strict=True):
        assert answer == pytest.approx(library(case).tolist(), rel=1e-5)
        explorer = RopeExplorer(**case)
        assert abs(explorer.score) <= explorer.rule.attention_factor**2 + 1e-9


def test_its_state_is_small_and_plain_json():
    state = RopeExplorer().get_state()
    assert "score" not in state
    mine = {name: state[name] for name in ("labels", "scaling", "factor", "base", "query_position")}
    assert len(json.dumps(mine)) < 3500


def test_the_scripts_rules_are_those_of_the_class():
    program = 'const { RULES } = await import("{static}/rope.js"); console.log(JSON.stringify(Object.keys(RULES)));'
    assert run_module(program) == list(SCALINGS)


def test_the_script_uses_every_label_and_no_other():
    script = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("rope*.js"))
    used = set(re.findall(r"\btext\.(\w+)", script)) | set(SCALINGS)
    for names in re.findall(r"legendOf\(text, ([^)]*)\);", script):
        used |= set(re.findall(r'"(\w+)"', names))
    assert used == set(LABELS)
