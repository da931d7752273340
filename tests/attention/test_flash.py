import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.attention.dot_product import attend
from helpers.attention.flash import RunningSoftmax, flash_attention, score_bytes, tile_bytes
from helpers.attention.masks import causal_mask, padding_mask, sliding_window_mask

TILES = [1, 2, 3, 5, 7, 11, 13, 64]  # 11 divides into 13 with a rest, 64 holds everything


def qkv(n_queries=13, n_keys=13, d=4, scale=1.0):
    generator = torch.Generator().manual_seed(0)
    sizes = [(2, 3, n, d) for n in (n_queries, n_keys, n_keys)]
    return [scale * torch.randn(size, generator=generator) for size in sizes]


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("n_queries", [1, 6, 13])
def test_it_equals_plain_attention_for_every_tile_size(tile, n_queries):
    q, k, v = qkv(n_queries)
    torch.testing.assert_close(flash_attention(q, k, v, tile=tile), attend(q, k, v))
    expected = attend(q, k, v, causal_mask(n_queries, 13))
    torch.testing.assert_close(flash_attention(q, k, v, is_causal=True, tile=tile), expected)
    random = torch.rand(2, 1, n_queries, 13, generator=torch.Generator().manual_seed(1)) < 0.5
    random[..., 0] = True
    torch.testing.assert_close(flash_attention(q, k, v, random, tile=tile), attend(q, k, v, random))


@pytest.mark.equals(
    "helpers.attention.flash.flash_attention",
    "torch.nn.functional.scaled_dot_product_attention",
    "what each query takes from the keys, causal and not",
)
@pytest.mark.parametrize("is_causal", [False, True])
def test_it_equals_torchs_own(is_causal):
    q, k, v = qkv(40, 40, 16)
    expected = scaled_dot_product_attention(q, k, v, is_causal=is_causal)
    torch.testing.assert_close(flash_attention(q, k, v, is_causal=is_causal, tile=16), expected)


@pytest.mark.parametrize("tile", TILES)
def test_a_tile_in_which_nothing_may_be_seen_does_no_harm(tile):
    q, k, v = qkv()
    window = sliding_window_mask(13, 13, 2)  # late queries meet only hidden keys in their first tiles
    torch.testing.assert_close(flash_attention(q, k, v, window, tile=tile), attend(q, k, v, window))
    window[4] = False
    empty = flash_attention(q, k, v, window, tile=tile)
    assert empty[:, :, 4].isnan().all()
    assert not empty[:, :, 5].isnan().any()


def test_a_padding_mask_hides_its_keys_from_every_query():
    q, k, v = qkv()
    hidden = padding_mask(torch.arange(13).expand(2, 13) < torch.tensor([[9], [13]]))
    expected = attend(q, k, v, hidden.expand(2, 1, 13, 13))
    torch.testing.assert_close(flash_attention(q, k, v, hidden, tile=4), expected)


@pytest.mark.parametrize("sign", [1, -1])
def test_scores_too_large_or_too_small_for_exp_do_no_harm(sign):
    q, k, v = (t.double() for t in qkv(scale=50.0))  # float32 loses digits where scores are this large
    q, k = q.abs() + 50, sign * (k.abs() + 50)
    assert torch.isin((q @ k.transpose(-2, -1)).exp(), torch.tensor([0, float("inf")]).double()).all()
    torch.testing.assert_close(flash_attention(q, k, v, tile=3), attend(q, k, v))


@pytest.mark.parametrize("is_causal", [False, True])
def test_gradients_equal_those_of_plain_attention(is_causal):
    plain, flash = ([t.requires_grad_() for t in qkv()] for _ in range(2))
    attend(*plain, causal_mask(13) if is_causal else None).square().sum().backward()
    flash_attention(*flash, is_causal=is_causal, tile=4).square().sum().backward()
    for expected, ours in zip(plain, flash, strict=True):
        torch.testing.assert_close(ours.grad, expected.grad)


def test_the_running_average_is_exact_after_every_tile():
    q, k, v = qkv()
    scores, seen = q @ k.transpose(-2, -1), RunningSoftmax.empty(q)
    for start in range(0, 13, 5):
        seen = seen.absorb(scores[..., start : start + 5], v[..., start : start + 5, :])
        known = slice(0, min(start + 5, 13))
        torch.testing.assert_close(seen.average(), scores[..., known].softmax(-1) @ v[..., known, :])


class Watch(TorchDispatchMode):
    """Sees every result that torch computes; keeps the size of the largest and the number of products."""

    def __init__(self):
        super().__init__()
        self.largest, self.n_products = 0, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.largest = max(self.largest, result.numel())
        self.n_products += function._schema.name in ("aten::bmm", "aten::mm")
        return result


def test_no_result_on_the_way_is_larger_than_a_tile_or_the_output():
    q, k, v = (t[0, 0] for t in qkv(256, 256, 4))
    with Watch() as flash:
        flash_attention(q, k, v, is_causal=True, tile=16)
    with Watch() as plain:
        attend(q, k, v, causal_mask(256))
    assert flash.largest == q.numel()
    assert plain.largest * 4 == score_bytes(256, 256)


def test_causal_attention_skips_the_tiles_that_lie_in_the_future():
    q, k, v = (t[0, 0] for t in qkv(64, 64))
    with Watch() as everything:
        flash_attention(q, k, v, tile=16)
    with Watch() as causal:
        flash_attention(q, k, v, is_causal=True, tile=16)
    assert everything.n_products == 2 * 4 * 4  # scores and values, for 4 × 4 tiles
    assert causal.n_products == 2 * (1 + 2 + 3 + 4)


def test_the_table_of_scores_grows_with_the_square_and_the_tile_does_not_grow():
    assert score_bytes(2000, 2000, n_heads=8, batch=3) == 4 * score_bytes(1000, 1000, n_heads=8, batch=3)
    assert score_bytes(10, 20, n_heads=8, batch=3, bytes_per_number=2) == 10 * 20 * 8 * 3 * 2
    assert tile_bytes(2, 8) == 4 * (4 * 2 * 8 + 2 * 2 + 2 + 2)  # q k v and sums of values, scores, largest, total


def test_a_tile_of_nothing_and_a_causal_query_without_a_key_are_refused():
    q, k, v = qkv(13, 6)
    with pytest.raises(ValueError, match="tile=0"):
        flash_attention(q, k, v, tile=0)
    with pytest.raises(ValueError, match="T=13, S=6"):
        flash_attention(q, k, v, is_causal=True)
