import json
import math

import pytest
import torch

from helpers.attention import (
    causal_mask,
    document_mask,
    padding_mask,
    positions_within_documents,
    prefix_mask,
    self_mask,
)
from helpers.attention.look import check_boolean, look_back
from helpers.models import Decoder, DecoderConfig, ExpertsConfig, LatentConfig, preset
from helpers.models.config import POSITION_WORDS
from helpers.models.parts import POSITIONS
from helpers.positions import LinearScaling, Llama3Scaling, NoPositions, NtkScaling, YarnScaling

SMALL = DecoderConfig(vocab_size=31, context_length=16, d_model=24, n_layers=3, n_heads=4)
LLAMA = SMALL.but(norm="rms_norm", positions="rope", mlp="swiglu", bias=False, tie_embeddings=False, n_kv_heads=2)
FAMILIES = {
    "gpt2": SMALL,
    "gpt1": SMALL.but(norm_position="post"),
    "llama": LLAMA,
    "neox": SMALL.but(positions="rope", rope_fraction=0.34, parallel_residual=True, mlp="gelu_exact"),
    "bloom": SMALL.but(positions="alibi", embedding_norm=True),
    "t5 bias": SMALL.but(positions="t5", attention_scale=1.0),
    "sinusoidal": SMALL.but(positions="sinusoidal"),
    "none": SMALL.but(positions="none"),
    "chatglm2": LLAMA.but(rope_fraction=0.34, rope_pairing="interleaved", qkv_bias=True),
    "qwen3": LLAMA.but(qk_norm=True, d_head=10),
    "mistral": LLAMA.but(window=5),
    "bloom with a window": SMALL.but(positions="alibi", window=5),
    "mixtral": LLAMA.but(experts=ExpertsConfig(n_experts=4, n_active=2)),
    "deepseek": LLAMA.but(
        n_kv_heads=0,
        latent=LatentConfig(q_rank=12, kv_rank=8, d_nope=6, d_rope=4, d_value=6),
        experts=ExpertsConfig(n_experts=4, n_active=2, d_ff=16, n_shared=1, scoring="sigmoid", n_dense_first=1),
    ),
}
every_family = pytest.mark.parametrize("config", FAMILIES.values(), ids=FAMILIES)


def some_ids(length=12, batch=2):
    return torch.randint(31, (batch, length), generator=torch.Generator().manual_seed(0))


@every_family
def test_future_tokens_change_nothing_in_the_past(config):
    model, ids = Decoder(config).eval(), some_ids()
    before = model(ids)
    ids[:, 7:] = (ids[:, 7:] + 1) % 31
    after = model(ids)
    if config.experts:  # another token at a router is another number of rows in an expert's product: it rounds anew
        torch.testing.assert_close(before[:, :7], after[:, :7])
    else:
        assert torch.equal(before[:, :7], after[:, :7])
    assert not torch.allclose(before[:, 7:], after[:, 7:])


@every_family
def test_no_gradient_flows_back_from_the_past_to_the_future(config):
    model = Decoder(config)
    x = torch.randn(1, 10, 24, generator=torch.Generator().manual_seed(1), requires_grad=True)
    model.hidden(x)[0, 4, 0].backward()  # not the sum: LayerNorm keeps that constant
    assert (x.grad[0, 5:] == 0).all()
    assert (x.grad[0, :5] != 0).any(dim=-1).all()


@every_family
@pytest.mark.parametrize("cut", [1, 5, 11])
def test_cached_logits_equal_uncached_for_any_split_of_the_prompt(config, cut):
    model, ids = Decoder(config).eval(), some_ids()
    cache = model.new_cache(batch=2)
    parts = [model(ids[:, :cut], cache), model(ids[:, cut:], cache)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids))
    assert cache.length == 12


def test_maps_hold_one_weight_table_per_layer():
    maps = []
    Decoder(SMALL)(some_ids(), maps=maps)
    assert [tuple(m.shape) for m in maps] == [(2, 4, 12, 12)] * 3
    torch.testing.assert_close(maps[0].sum(-1), torch.ones(2, 4, 12))


def test_a_fresh_model_knows_nothing_its_loss_is_close_to_uniform():
    torch.manual_seed(0)
    log_probs = Decoder(SMALL)(some_ids()).log_softmax(-1)
    assert abs(-log_probs.mean().item() - math.log(31)) < 0.05


def test_tying_saves_exactly_one_matrix():
    untied, tied = Decoder(SMALL.but(tie_embeddings=False)), Decoder(SMALL)
    assert untied.n_parameters - tied.n_parameters == 31 * 24


def test_a_config_names_what_is_wrong():
    for change, message in [
        ({"n_heads": 5}, "n_heads=5 and d_model=24"),
        ({"n_kv_heads": 3}, "n_kv_heads=3 and n_heads=4"),
        ({"norm": "batch_norm"}, "norm must be one of layer_norm, rms_norm, got 'batch_norm'"),
        ({"norm_position": "mid"}, "norm_position must be one of post, pre, got 'mid'"),
        ({"norm_eps": -1.0}, "norm_eps keeps a root from 0"),
        ({"rope_fraction": 2.0}, "rope_fraction is a part of the head, above 0 and up to 1, got 2.0"),
        ({"window": -1}, "window counts something: a whole number of at least 0, got -1"),
        ({"latent": LatentConfig(4, 4, 4, 2, 4)}, "latent attention has its own way, so leave bias out, got True"),
        ({"n_layers": -1}, "n_layers counts something: a whole number of at least 1, got -1"),
    ]:
        with pytest.raises(ValueError, match=message):
            SMALL.but(**change)


def test_bad_ids_and_too_many_of_them_are_named():
    model, ids = Decoder(SMALL), some_ids()
    for bad, message in [
        (ids + 31, r"ids must be from 0 to 30, got \d+ to \d+"),
        (ids - 31, r"ids must be from 0 to 30, got -\d+ to -1"),
        (ids.repeat(1, 2), "the context is 16 positions long, got 24: pass fewer tokens"),
    ]:
        with pytest.raises(ValueError, match=message):
            model(bad)


@every_family
def test_packed_documents_are_read_as_if_alone(config):
    """Positions start anew with every document, and a document mask hides the others."""
    model, ids = Decoder(config.but(window=0)).eval(), some_ids(batch=1)
    documents = torch.tensor([[0] * 5 + [1] * 7])
    mask = causal_mask(12) & document_mask(documents)
    packed = model(ids, mask=mask, positions=positions_within_documents(documents))
    torch.testing.assert_close(packed[:, :5], model(ids[:, :5]))
    torch.testing.assert_close(packed[:, 5:], model(ids[:, 5:]))


@every_family
def test_padding_on_the_left_changes_nothing(config):
    model, ids = Decoder(config).eval(), some_ids()
    padded = torch.cat([torch.zeros(2, 4, dtype=torch.long), ids], dim=1)
    is_token = (torch.arange(16) >= 4).expand(2, -1)
    mask = causal_mask(16) & padding_mask(is_token) | self_mask(16)
    logits = model(padded, mask=mask, positions=(torch.arange(16) - 4).clamp(min=0))
    torch.testing.assert_close(logits[:, 4:], model(ids))


def test_a_mask_of_numbers_is_refused_because_it_would_hide_nothing():
    with pytest.raises(ValueError, match=r"a mask is boolean, .* got torch.float32: use mask.bool\(\)"):
        check_boolean(torch.ones(4, 4).tril())


def test_a_window_narrows_a_prefix_mask_and_leaves_its_sight_ahead():
    look = look_back(NoPositions(), torch.arange(7), 7, mask=prefix_mask(7, 3), window=4)
    assert look.mask[0].tolist() == [True] * 3 + [False] * 4
    assert look.mask[6].tolist() == [False] * 3 + [True] * 4


def test_the_words_are_those_that_the_parts_know():
    assert set(POSITION_WORDS) == set(POSITIONS)


def test_a_prefix_is_seen_from_within_in_both_directions():
    model, ids = Decoder(LLAMA).eval(), some_ids(batch=1)
    before = model(ids, mask=prefix_mask(12, 5))
    ids[:, 4] = (ids[:, 4] + 1) % 31
    after = model(ids, mask=prefix_mask(12, 5))
    assert not torch.allclose(before[:, 0], after[:, 0])
    ids[:, 6] = (ids[:, 6] + 1) % 31
    assert torch.equal(model(ids, mask=prefix_mask(12, 5))[:, :6], after[:, :6])


def test_a_window_hides_what_is_further_back_and_its_cache_stops_growing():
    model, ids = Decoder(LLAMA.but(window=3, n_layers=1)).eval(), some_ids(length=16)
    before = model(ids)
    ids[:, 4] = (ids[:, 4] + 1) % 31
    after = model(ids)
    assert not torch.allclose(before[:, 6], after[:, 6])
    assert torch.equal(before[:, 7:], after[:, 7:])
    cache = model.new_cache(batch=2)
    steps = [model(ids[:, t : t + 1], cache) for t in range(16)]
    torch.testing.assert_close(torch.cat(steps, dim=1), after)
    assert cache.n_bytes == 2 * 2 * 2 * 3 * 6 * 4  # keys and values, rows, key/value heads, window, d_head, float32


def test_a_cache_weighs_what_the_formula_says():
    for config, numbers in [(SMALL, 2 * 4 * 6), (LLAMA, 2 * 2 * 6), (FAMILIES["deepseek"], 8 + 4)]:
        model = Decoder(config)
        cache = model.new_cache(batch=2)
        model(some_ids(), cache)
        assert cache.n_bytes == 2 * 12 * config.n_layers * numbers * 4  # rows, positions, layers, numbers, float32


def test_the_balance_loss_sums_over_layers_and_reaches_every_router():
    model = Decoder(FAMILIES["mixtral"])
    model(some_ids())
    model.balance_loss.backward()
    assert all((block.mlp.router.weight.grad != 0).any() for block in model.blocks)
    with pytest.raises(ValueError, match="this model has none"):
        _ = Decoder(SMALL).balance_loss


@every_family
def test_sixteen_bits_give_nearly_the_same_logits(config):
    torch.manual_seed(0)
    model, ids = Decoder(config).eval(), some_ids()
    if config.experts:
        pytest.skip("a near tie at the router goes the other way in 16 bits")
    exact = model(ids)
    rounded = model.bfloat16()(ids)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, atol=0.02, rtol=0.05)  # 8 bits of each number are kept


@every_family
def test_a_config_survives_a_file(config):
    assert DecoderConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_scaled_rotary_positions_survive_a_file_and_an_unknown_kind_does_not():
    for scaling in (LinearScaling(2.0), NtkScaling(2.0), YarnScaling(4.0, 64), Llama3Scaling()):
        config = LLAMA.but(rope_scaling=scaling)
        assert DecoderConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    with pytest.raises(ValueError, match=r"one of ExpertsConfig, .*, got 'Parrot'"):
        DecoderConfig.from_dict(SMALL.to_dict() | {"experts": {"kind": "Parrot"}})


def test_an_expert_config_names_what_is_wrong():
    for change, message in [
        ({"n_active": 5}, "n_active must be from 1 to n_experts"),
        ({"every": 0}, "at least 1, got 0"),
        ({"scoring": "tanh"}, "scoring must be one of sigmoid, softmax, got 'tanh'"),
        ({"n_shared": -1}, "not negative"),
    ]:
        with pytest.raises(ValueError, match=message):
            ExpertsConfig(**{"n_experts": 4, "n_active": 2} | change)


def test_derived_sizes_follow_a_change_and_stated_ones_stay():
    assert preset("llama-2-7b").but(d_model=64, n_heads=4).d_ff == 256
    assert SMALL.but(d_model=768, mlp="swiglu").d_ff == 2048  # 2/3 of 3,072: as many parameters with three matrices
    assert preset("llama-3-8b").but(d_model=64, n_heads=8).d_ff == 14336
    assert SMALL.but(d_model=48).d_ff == 192
    assert SMALL.but(d_ff=100).but(d_model=48).d_ff == 100
    assert SMALL.but(n_heads=8).n_kv_heads == 8


def test_latent_sizes_can_be_changed_and_dropped():
    config = FAMILIES["deepseek"]
    assert config.d_head == 10
    assert config.but(latent=LatentConfig(12, 8, 8, 4, 6)).d_head == 12
    assert config.but(latent=None).d_head == 6
    with pytest.raises(ValueError, match="kv_rank is a size, so it must be at least 1, got 0"):
        LatentConfig(12, 0, 6, 4, 6)
