import math

import pytest
import torch
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from helpers.positions import LinearScaling, Llama3Scaling, NtkScaling, YarnScaling, rope_frequencies
from helpers.positions.rope import RopeScaling

EVERY_RULE = [LinearScaling(4.0), NtkScaling(4.0), YarnScaling(4.0, 256), Llama3Scaling(4.0, original_context=256)]


def theirs(rule, d, base, **settings):
    """Frequencies and attention factor of transformers' rule of that name."""
    config = LlamaConfig(
        hidden_size=2 * d,
        num_attention_heads=2,
        max_position_embeddings=settings.pop("longest", 2048),
        rope_parameters={"rope_type": rule, "rope_theta": base, **settings},
    )
    return ROPE_INIT_FUNCTIONS[rule](config, "cpu", seq_len=config.max_position_embeddings)


@pytest.mark.equals(
    "helpers.positions.LinearScaling.frequencies",
    "transformers.modeling_rope_utils._compute_linear_scaling_rope_parameters",
    "radians per position",
)
def test_linear_scaling_equals_transformers():
    frequencies, factor = theirs("linear", 32, 10_000.0, factor=4.0)
    assert torch.equal(LinearScaling(4.0).frequencies(32, 10_000.0), frequencies)
    assert LinearScaling(4.0).attention_factor == factor


@pytest.mark.equals(
    "helpers.positions.YarnScaling",
    "transformers.modeling_rope_utils._compute_yarn_parameters",
    "radians per position and attention factor",
)
@pytest.mark.parametrize(
    ("d", "base", "factor", "original"), [(32, 10_000.0, 4.0, 2048), (64, 1e6, 16.0, 256), (8, 10.0, 2.0, 8)]
)
def test_yarn_equals_transformers(d, base, factor, original):
    frequencies, attention_factor = theirs(
        "yarn", d, base, factor=factor, original_max_position_embeddings=original, longest=int(factor * original)
    )
    ours = YarnScaling(factor, original)
    torch.testing.assert_close(ours.frequencies(d, base), frequencies)
    assert ours.attention_factor == pytest.approx(attention_factor)


@pytest.mark.equals(
    "helpers.positions.YarnScaling",
    "transformers.modeling_rope_utils._compute_yarn_parameters",
    "radians per position with other limits of what counts as fast and slow",
)
def test_yarn_equals_transformers_with_other_limits():
    limits = {"beta_fast": 16.0, "beta_slow": 2.0}
    frequencies, _ = theirs("yarn", 64, 10_000.0, factor=4.0, original_max_position_embeddings=512, **limits)
    torch.testing.assert_close(YarnScaling(4.0, 512, **limits).frequencies(64, 10_000.0), frequencies)


@pytest.mark.equals(
    "helpers.positions.Llama3Scaling.frequencies",
    "transformers.modeling_rope_utils._compute_llama3_parameters",
    "radians per position",
)
@pytest.mark.parametrize("factor", [8.0, 32.0])
def test_the_llama_3_rule_equals_transformers(factor):
    settings = {
        "factor": factor,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    frequencies, attention_factor = theirs("llama3", 128, 500_000.0, **settings)
    ours = Llama3Scaling(factor)
    torch.testing.assert_close(ours.frequencies(128, 500_000.0), frequencies)
    assert ours.attention_factor == attention_factor


@pytest.mark.equals(
    "helpers.positions.NtkScaling.frequencies",
    "transformers.modeling_rope_utils._compute_dynamic_ntk_parameters",
    "radians per position at one length, where the dynamic rule gives the same factor",
)
def test_ntk_scaling_equals_transformers_dynamic_rule_at_one_length():
    config = LlamaConfig(
        hidden_size=64,
        num_attention_heads=2,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0},
    )
    frequencies, _ = ROPE_INIT_FUNCTIONS["dynamic"](config, "cpu", seq_len=2048)
    factor = 2.0 * 2048 / 512 - (2.0 - 1)  # the dynamic rule's factor grows with the length
    torch.testing.assert_close(NtkScaling(factor).frequencies(32, 10_000.0), frequencies)


@pytest.mark.parametrize("rule", EVERY_RULE)
def test_the_slowest_pair_is_slowed_by_the_whole_factor(rule):
    plain, scaled = rope_frequencies(64), rule.frequencies(64, 10_000.0)
    torch.testing.assert_close(scaled[-1], plain[-1] / 4)


@pytest.mark.parametrize("rule", EVERY_RULE)
def test_only_linear_scaling_slows_the_fastest_pair(rule):
    fastest = rule.frequencies(64, 10_000.0)[0].item()
    assert fastest == pytest.approx(0.25 if isinstance(rule, LinearScaling) else 1.0)


@pytest.mark.parametrize("rule", EVERY_RULE)
def test_no_pair_gets_faster_or_slower_than_the_factor_allows(rule):
    share = rule.frequencies(64, 10_000.0) / rope_frequencies(64)
    assert (share <= 1 + 1e-6).all()
    assert (share >= 0.25 - 1e-6).all()
    assert (share.diff() <= 1e-6).all()  # the slower a pair turns, the more it is slowed


@pytest.mark.parametrize("rule", [LinearScaling, NtkScaling, lambda one: YarnScaling(one, 256), Llama3Scaling])
def test_a_factor_of_one_changes_nothing(rule):
    torch.testing.assert_close(rule(1.0).frequencies(64, 10_000.0), RopeScaling().frequencies(64, 10_000.0))
    assert rule(1.0).attention_factor == 1.0


def test_yarn_and_llama_3_leave_pairs_that_turn_often_and_slow_those_that_turn_less_than_once():
    plain, n_turns = rope_frequencies(64), 256 * rope_frequencies(64) / (2 * math.pi)
    for rule, often in ((YarnScaling(4.0, 256), 32), (Llama3Scaling(4.0, original_context=256), 4)):
        share = rule.frequencies(64, 10_000.0) / plain
        torch.testing.assert_close(share[n_turns > often], torch.ones_like(share[n_turns > often]))
        rarely = n_turns < 0.5  # YaRN's limits are rounded to whole pairs
        torch.testing.assert_close(share[rarely], torch.full_like(share[rarely], 0.25))


def test_linear_scaling_shows_the_same_angles_at_the_stretched_position():
    plain, slowed = rope_frequencies(32), LinearScaling(4.0).frequencies(32, 10_000.0)
    torch.testing.assert_close(4000 * slowed, 1000 * plain)


def test_yarn_sharpens_attention_by_the_papers_formula():
    assert YarnScaling(16.0, 2048).attention_factor == pytest.approx(0.1 * math.log(16) + 1)


@pytest.mark.parametrize("rule", [LinearScaling, NtkScaling, lambda less: YarnScaling(less, 256), Llama3Scaling])
def test_a_factor_below_one_is_an_error(rule):
    with pytest.raises(ValueError, match=r"at least 1, got factor=0\.5"):
        rule(0.5)


def test_ntk_scaling_of_a_single_pair_is_an_error():
    with pytest.raises(ValueError, match="at least 4 coordinates, got d=2"):
        NtkScaling(2.0).frequencies(2, 10_000.0)
