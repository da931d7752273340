import math

import pytest
import torch

from helpers.models import PRESETS, Decoder, DecoderConfig, preset

EXACT = {  # the released checkpoints' sizes; GPT-3: GPT-2's formula at the widths and depths of its Table 2.1
    "gpt1": 116_534_784,
    "gpt2": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
    "gpt3-small": 125_226_240,
    "gpt3-medium": 355_871_744,
    "gpt3-large": 760_300_032,
    "gpt3-xl": 1_315_723_264,
    "gpt3-2.7b": 2_651_553_280,
    "gpt3-6.7b": 6_658_404_352,
    "gpt3-13b": 12_952_938_780,
    "gpt3-175b": 174_604_259_328,
}
SMALL = DecoderConfig(vocab_size=31, context_length=16, d_model=24, n_layers=3, n_heads=4)
FAMILIES = [SMALL, SMALL.but(norm_position="post"), SMALL.but(n_kv_heads=2, bias=False, tie_embeddings=False)]


def some_ids(length=12, batch=2):
    return torch.randint(31, (batch, length), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_counts_exactly(name):
    with torch.device("meta"):
        assert Decoder(preset(name)).n_parameters == EXACT[name]


@pytest.mark.parametrize("config", FAMILIES)
def test_future_tokens_change_nothing_in_the_past(config):
    model, ids = Decoder(config).eval(), some_ids()
    before = model(ids)
    ids[:, 7:] = (ids[:, 7:] + 1) % 31
    after = model(ids)
    assert torch.equal(before[:, :7], after[:, :7])
    assert not torch.allclose(before[:, 7:], after[:, 7:])


@pytest.mark.parametrize("config", FAMILIES)
def test_no_gradient_flows_back_from_the_past_to_the_future(config):
    model = Decoder(config)
    x = torch.randn(1, 10, 24, generator=torch.Generator().manual_seed(1), requires_grad=True)
    model.hidden(x)[0, 4, 0].backward()  # not the sum: LayerNorm keeps that constant
    assert (x.grad[0, 5:] == 0).all()
    assert (x.grad[0, :5] != 0).any(dim=-1).all()


@pytest.mark.parametrize("config", FAMILIES)
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
        ({"norm": "batch_norm"}, "norm must be one of layer_norm, got 'batch_norm'"),
        ({"norm_position": "mid"}, "'pre' or 'post', got 'mid'"),
        ({"n_layers": -1}, "n_layers counts something, so it must be at least 1, got -1"),
    ]:
        with pytest.raises(ValueError, match=message):
            SMALL.but(**change)
    with pytest.raises(ValueError, match="preset must be one of gpt1"):
        preset("gpt5")


def test_derived_sizes_follow_a_change_and_stated_ones_stay():
    assert SMALL.but(d_model=48).d_ff == 192
    assert SMALL.but(d_ff=100).but(d_model=48).d_ff == 100
    assert SMALL.but(n_heads=8).n_kv_heads == 8
