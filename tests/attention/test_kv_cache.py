import pytest
import torch

from helpers.attention import KVCache, LayerCache, WindowCache


def some(n_positions, batch=1, start=0):
    """Keys that know their position: batch × 3 heads × positions × 8, the value is position + 100 × row."""
    places = torch.arange(start, start + n_positions, dtype=torch.float32)
    rows = 100 * torch.arange(batch, dtype=torch.float32)
    return (places + rows[:, None])[:, None, :, None].expand(batch, 3, n_positions, 8)


def places(keys):
    return keys[0, 0, :, 0].tolist()


def layer(capacity=6, batch=1, kind=LayerCache):
    return kind(batch, 3, capacity, 8)


def test_what_went_in_comes_out_in_order():
    cache = layer()
    assert places(cache.extend(some(2), some(2))[0]) == [0, 1]
    k, v = cache.extend(some(3, start=2), -some(3, start=2))
    assert places(k) == [0, 1, 2, 3, 4]
    assert places(v) == [0, 1, -2, -3, -4]
    assert cache.length == 5
    assert cache.n_keys(1) == 6


def test_a_position_too_many_is_refused_and_nothing_is_lost():
    cache = layer(capacity=4)
    cache.extend(some(3), some(3))
    with pytest.raises(ValueError, match="room for 4 positions, got position 5"):
        cache.extend(some(2), some(2))
    assert cache.length == 3


def test_its_bytes_are_the_formula():
    cache = KVCache([layer(capacity=10) for _ in range(2)])
    for one in cache.layers:
        one.extend(some(3), some(3))
    assert cache.n_bytes == 2 * 2 * 3 * 3 * 8 * 4  # keys and values, layers, heads, positions, d_head, float32


def test_a_window_sees_the_newest_positions_and_its_own_and_never_grows():
    cache = layer(capacity=3, kind=WindowCache)
    assert places(cache.extend(some(2), some(2))[0]) == [0, 1]
    assert places(cache.extend(some(1, start=2), some(1, start=2))[0]) == [0, 1, 2]
    full = cache.n_bytes
    assert cache.n_keys(2) == 5
    assert places(cache.extend(some(2, start=3), some(2, start=3))[0]) == [0, 1, 2, 3, 4]
    assert places(cache.extend(some(1, start=5), some(1, start=5))[0]) == [2, 3, 4, 5]
    assert cache.length == 6
    assert cache.n_bytes == full == 2 * 3 * 3 * 8 * 4


def test_a_prompt_longer_than_the_window_is_seen_whole_and_kept_in_part():
    cache = layer(capacity=3, kind=WindowCache)
    assert places(cache.extend(some(7), some(7))[0]) == [0, 1, 2, 3, 4, 5, 6]
    assert places(cache.extend(some(1, start=7), some(1, start=7))[0]) == [4, 5, 6, 7]


def test_a_cut_cache_goes_on_from_there():
    cache = KVCache([layer()])
    cache.layers[0].extend(some(5), some(5))
    cache.cut(2)
    assert places(cache.layers[0].extend(some(1, start=9), some(1, start=9))[0]) == [0, 1, 9]
    with pytest.raises(ValueError, match="of 3 positions can be cut to at most that many, got 4"):
        cache.cut(4)


def test_a_window_cannot_go_back_to_what_it_has_thrown_away():
    cache = layer(capacity=3, kind=WindowCache)
    cache.extend(some(3), some(3))
    cache.cut(2)
    cache.extend(some(2, start=2), some(2, start=2))
    with pytest.raises(ValueError, match="cannot go back to 3"):
        cache.cut(3)


def test_rows_can_be_picked_twice_and_in_any_order():
    cache = KVCache([layer(batch=3)])
    cache.layers[0].extend(some(2, batch=3), some(2, batch=3))
    cache.select(torch.tensor([2, 0, 2]))
    k, v = cache.layers[0].extend(some(1, batch=3, start=2), some(1, batch=3, start=2))
    assert k[:, 0, 0, 0].tolist() == v[:, 0, 0, 0].tolist() == [200, 0, 200]
