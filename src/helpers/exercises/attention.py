"""Checks for the chapter on attention."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.exercises.checking import Claim, called, check

Solve = Callable[..., Any]


@check
def check_cache_bytes(solve: Solve) -> Iterator[Claim]:
    """`solve(n, n_layers, n_kv_heads, d_head, window)` is the bytes of a cache in 16 bits."""
    answer = called(solve, 1, 32, 8, 128)
    yield answer != 65_536, "keys and values: two vectors a token, layer and head"
    yield answer != 262_144, "16 bits are two bytes, not four"
    yield answer != 4096, "every layer has a cache of its own"
    yield answer == 131_072, f"Llama 3 8B keeps 131,072 bytes a token, got {answer}"
    yield called(solve, 4096, 80, 8, 128) == 1.25 * 2**30, "Llama 2 70B keeps 1.25 GiB at 4,096 tokens"
    long = called(solve, 10_000, 32, 8, 128, 4096)
    yield long != 10_000 * 131_072, "with a window the oldest tokens are forgotten"
    yield long == 4096 * 131_072, f"a window of 4,096 keeps 4,096 tokens, got {long / 131_072:g}"
    yield called(solve, 100, 32, 8, 128, 4096) == 100 * 131_072, "a text shorter than the window is kept whole"


@check
def check_hears(solve: Solve) -> Iterator[Claim]:
    """`solve(n, windows)` is from how many places the last one hears."""
    answer = called(solve, 1000, [4, 4, 4])
    yield answer != 12, "each place sees itself: a layer adds w - 1 places, not w"
    yield answer != 64, "windows add up, they do not multiply"
    yield answer != 9, "the place itself counts, too"
    yield answer == 10, f"3 layers with a window of 4 hear from 10 places, got {answer}"
    yield called(solve, 1000, [4, 8]) == 11, "windows may differ: 1 + 3 + 7 places"
    yield called(solve, 6, [4, 4, 4]) == 6, "a text of 6 places has no more than 6"
    yield called(solve, 1000, [4, 0, 4]) == 1000, "a window of 0 sees everything: all places are heard"


@check
def check_online_logsumexp(solve: Solve) -> Iterator[Claim]:
    """`solve(tiles)` is the logarithm of the sum of exp(score) over all tiles."""
    tiles = [torch.tensor([3.0, 1.0]).log(), torch.tensor([4.0]).log()]
    answer = float(called(solve, tiles))
    yield not math.isclose(answer, 8, rel_tol=1e-4), "that is the sum; its logarithm is asked for"
    yield not math.isclose(answer, math.log(28 / 3), rel_tol=1e-4), "the old sum must be rescaled: its unit has changed"
    yield not math.isclose(answer, math.log(4), rel_tol=1e-4), "that is the last tile alone"
    yield math.isclose(answer, math.log(8), rel_tol=1e-4), f"ln(3 + 1 + 4) = ln 8 = 2.079, got {answer:.3f}"
    yield math.isfinite(called(solve, [torch.tensor([500.0])])), "exp(500) is infinite: subtract the largest first"
    falling = called(solve, [torch.tensor([500.0]), torch.tensor([1.0])])
    yield math.isclose(falling, 500, rel_tol=1e-6), "a later tile may be smaller: keep the largest of both"
    scores = 100 * torch.randn(60, generator=torch.Generator().manual_seed(0))
    theirs = scores.logsumexp(0)
    same = all(torch.allclose(called(solve, list(scores.split(size))), theirs) for size in (1, 7, 60))
    yield same, "the result must not depend on the size of the tiles"


@check
def check_fading(solve: Solve) -> Iterator[Claim]:
    """`solve(q, k, v, g)` reads a state that fades by g before each new pair."""
    q, k, v = torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0))
    answer = called(solve, q, k, v, 0.5)
    yield (
        getattr(answer, "shape", None) == (6, 4),
        f"one output a token, (6, 4), got {getattr(answer, 'shape', answer)}",
    )
    steps = torch.arange(6)
    ages = (steps[:, None] - steps).clamp(min=0)
    fits = (q @ k.T).tril()
    yield not torch.allclose(answer, fits @ v, atol=1e-4), "nothing fades: multiply the state by g at every step"
    late = torch.allclose(answer, (fits * 0.5 ** (ages + 1)) @ v, atol=1e-4)
    yield not late, "the newest pair has faded, too: fade first, then add"
    early = torch.allclose(answer, (fits * 0.5 ** (ages - 1)).tril(-1) @ v, atol=1e-4)
    yield not early, "the present pair is missing: add before you read"
    yield torch.allclose(answer, (fits * 0.5**ages) @ v, atol=1e-4), "a pair of age n should have the weight g to the n"
    plain = called(solve, q, k, v, 1.0)
    yield torch.allclose(plain, fits @ v, atol=1e-4), "with g = 1 nothing fades"


@check
def check_covering(solve: Solve) -> Iterator[Claim]:
    """`solve(single, both)` is the pair whose cost is furthest above the sum of its single costs."""
    single = {"a": 0.1, "b": 0.2, "c": 3.0, "d": 2.5}
    both = {("a", "b"): 2.0, ("c", "d"): 5.0, ("a", "c"): 3.2}
    answer = called(solve, single, both)
    yield answer != ("c", "d"), "c and d cost most together, but each costs much alone: compare with the sum"
    yield answer in both, f"a pair of names is asked for, as in the keys of both, got {answer!r}"
    yield answer == ("a", "b"), f"0.1 + 0.2 is far below 2.0, so a and b cover for each other; got {answer}"
    shares = {"a": 0.01, "b": 0.01, "c": 1.0, "d": 1.0}
    wide = called(solve, shares, {("a", "b"): 0.1, ("c", "d"): 3.0})
    yield wide == ("c", "d"), "take the difference, not the ratio: 3.0 is 1.0 above its sum, 0.1 is 0.08 above"
