import pytest
import torch
from transformers import DeepseekV3Config
from transformers.cache_utils import DynamicCache
from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3Attention, DeepseekV3RotaryEmbedding

from helpers.attention.kv_cache import LayerCache
from helpers.attention.latent import LatentAttention
from helpers.attention.look import Look
from helpers.attention.masks import causal_mask, padding_mask, self_mask
from helpers.positions import RotaryPositions

N, Q_RANK, KV_RANK, D_NOPE, D_ROPE, D_VALUE = 4, 10, 12, 6, 8, 5
OUR_NAMES = {
    "q_a_proj": "q_down",
    "q_a_layernorm": "q_norm",
    "q_b_proj": "q_up",
    "kv_a_proj_with_mqa": "kv_down",
    "kv_a_layernorm": "kv_norm",
    "kv_b_proj": "kv_up",
    "o_proj": "o_proj",
}


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def random_layer():
    layer = LatentAttention(24, N, Q_RANK, KV_RANK, D_NOPE, D_ROPE, D_VALUE)
    torch.manual_seed(0)
    for p in layer.parameters():  # norms too: they start at 1, and a swapped pair would go unseen
        torch.nn.init.normal_(p, std=0.3)
    return layer


def deepseek(rope_interleave):
    config = DeepseekV3Config(
        hidden_size=24,
        num_attention_heads=N,
        num_key_value_heads=N,
        q_lora_rank=Q_RANK,
        kv_lora_rank=KV_RANK,
        qk_nope_head_dim=D_NOPE,
        qk_rope_head_dim=D_ROPE,
        v_head_dim=D_VALUE,
        num_hidden_layers=1,
        rope_interleave=rope_interleave,
        attn_implementation="eager",
    )
    theirs = DeepseekV3Attention(config, layer_idx=0).eval()
    ours = random_layer().state_dict()
    state = {
        name: ours[name.replace(part, mine)]
        for name in theirs.state_dict()
        for part, mine in OUR_NAMES.items()
        if name.startswith(f"{part}.")
    }
    theirs.load_state_dict(state)
    return theirs, DeepseekV3RotaryEmbedding(config), config


def new_cache(batch=2, capacity=16):
    return LayerCache(batch, 1, capacity, D_ROPE, KV_RANK)


@pytest.mark.equals(
    "helpers.attention.latent.LatentAttention",
    "transformers.models.deepseek_v3.modeling_deepseek_v3.DeepseekV3Attention",
    "the layer's output and its attention maps, with and without cache, in both pairings",
)
@pytest.mark.parametrize(("rope_interleave", "pairing"), [(True, "interleaved"), (False, "half")])
def test_it_equals_the_attention_of_deepseek_v3(rope_interleave, pairing):
    (theirs, rotary, config), ours, x = deepseek(rope_interleave), random_layer(), random(2, 9, 24)
    scheme, cache, their_cache = RotaryPositions(D_ROPE, pairing=pairing), new_cache(), DynamicCache(config=config)
    hidden = torch.zeros(9, 9).masked_fill(~causal_mask(9), float("-inf"))
    places = torch.arange(9)
    expected, weights = theirs(x, rotary(x, places[None]), hidden)
    maps = []
    torch.testing.assert_close(ours(x, Look(scheme, places)), expected)
    torch.testing.assert_close(ours(x, Look(scheme, places, maps=maps)), expected)
    torch.testing.assert_close(maps[0], weights)
    for new in places.split([4, 1, 1, 3]):
        part, mask = x[:, new], hidden[new, : new[-1] + 1]
        their_part, _ = theirs(part, rotary(x, new[None]), mask, past_key_values=their_cache)
        torch.testing.assert_close(ours(part, Look(scheme, new), cache), their_part)


@pytest.mark.parametrize("cut", [1, 5, 8])
def test_cached_output_equals_uncached_for_any_split_and_one_token_at_a_time(cut):
    layer, x, look, cache, slow = (
        random_layer(),
        random(2, 9, 24),
        Look(RotaryPositions(D_ROPE)),
        new_cache(),
        new_cache(),
    )
    whole = layer(x, look)
    parts = [layer(x[:, :cut], look, cache), layer(x[:, cut:], look, cache)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    torch.testing.assert_close(torch.cat([layer(t, look, slow) for t in x.split(1, dim=1)], dim=1), whole)


def test_the_cache_holds_one_short_vector_a_token_for_all_heads():
    cache = new_cache(batch=2)
    random_layer()(random(2, 7, 24), cache=cache)
    multi_head = 2 * N * 6  # keys and values of width 24 / 4
    assert cache.n_bytes == 4 * 2 * 7 * (KV_RANK + D_ROPE)
    assert cache.n_bytes / (4 * 2 * 7) < multi_head


@pytest.mark.parametrize("row", [0, 1])
def test_a_padded_row_is_read_as_if_it_stood_alone(row):
    layer, x, n_padding = random_layer(), random(2, 6, 24), (2, 0)[row]
    is_token = torch.arange(6) >= torch.tensor([[2], [0]])
    mask = causal_mask(6) & padding_mask(is_token) | self_mask(6)
    positions = (is_token.cumsum(1) - 1).clamp(min=0)
    scheme, cache = RotaryPositions(D_ROPE), new_cache()
    padded = layer(x, Look(scheme, positions, mask))[row, n_padding:]
    alone = layer(x[row : row + 1, n_padding:], Look(scheme))[0]
    torch.testing.assert_close(padded, alone)
    layer(x[:, :5], Look(scheme, positions[:, :5], mask[:, :, :5, :5]), cache)
    last = layer(x[:, 5:], Look(scheme, positions[:, 5:], mask[:, :, 5:]), cache)  # a single query, absorbed
    torch.testing.assert_close(last[row, 0], alone[-1])


def test_future_tokens_change_nothing_in_the_past():
    layer, x = random_layer(), random(1, 9, 24)
    before = layer(x)
    x[:, 5:] = 9.0
    after = layer(x)
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


def test_without_the_causal_rule_the_first_position_sees_the_last():
    layer, x = random_layer(), random(1, 4, 24)
    both_ways = Look(is_causal=False)
    before = layer(x, both_ways)
    x[:, 3] += 1.0
    assert not torch.allclose(layer(x, both_ways)[:, 0], before[:, 0])


def test_a_bias_on_the_scores_reaches_a_single_query_too():
    layer, x, bias = random_layer(), random(1, 4, 24), random(N, 4, 4)
    whole = layer(x, Look(bias=bias, mask=causal_mask(4)))
    cache = new_cache(batch=1)
    layer(x[:, :3], Look(bias=bias[:, :3, :3], mask=causal_mask(3)), cache)
    torch.testing.assert_close(layer(x[:, 3:], Look(bias=bias[:, 3:]), cache), whole[:, 3:])
    assert not torch.allclose(whole, layer(x))
