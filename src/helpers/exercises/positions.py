"""Checks for the chapter on positions."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.exercises.checking import Claim, called, check
from helpers.positions import alibi_slopes, t5_bucket

Solve = Callable[..., Any]


@check
def check_place(solve: Solve) -> Iterator[Claim]:
    """`solve(share)` is the position, counted from 0, of a query that gives the first word this share of its sight."""
    answer = called(solve, 0.25)
    yield answer != 4, "the fourth word stands at position 3: positions are counted from 0"
    yield answer != 0.75, "that is the share of the others: how many words see a quarter each?"
    yield math.isclose(answer, 3), f"four words share equally, so the query stands at position 3, got {answer}"
    yield math.isclose(called(solve, 1.0), 0), "who sees itself alone stands at position 0"
    yield isinstance(called(solve, 1 / 49), int), "a position is a whole number: round the result"


@check
def check_slopes(solve: Solve) -> Iterator[Claim]:
    """`solve(n)` are the slopes of n heads, n a power of two, steepest first."""
    answer = torch.as_tensor(called(solve, 4), dtype=torch.float32)
    yield answer.shape == (4,), f"one slope for each of four heads, got a shape of {tuple(answer.shape)}"
    yield bool((answer > 0).all()), "slopes are positive; the bias is minus the distance times the slope"
    fixed = torch.allclose(answer, 2.0 ** -torch.arange(1.0, 5))
    yield not fixed, "1/2, 1/4, … is right for eight heads only: the last slope is 1/256 for every count"
    from_one = torch.allclose(answer, 2.0 ** -(2 * torch.arange(4.0)))
    yield not from_one, "heads are counted from 1: a slope of 1 is none of them"
    yield torch.allclose(answer, alibi_slopes(4)), f"four heads have 1/4, 1/16, 1/64, 1/256; got {answer.tolist()}"
    sixteen = torch.as_tensor(called(solve, 16), dtype=torch.float32)
    yield (
        sixteen.shape == (16,) and torch.allclose(sixteen, alibi_slopes(16)),
        "right for four heads, but not for sixteen",
    )


@check
def check_bucket(solve: Solve) -> Iterator[Claim]:
    """`solve(distance, n_buckets, max_distance)` is the bucket of a decoder's distance."""
    yield called(solve, 3, 8, 32) == 3, "below half of the buckets each distance has its own"
    answer = called(solve, 6, 8, 32)
    yield answer != 6, "from half of the buckets on they widen: distance 6 is beyond the 4 exact ones"
    yield answer == 4, f"4 + ⌊4 ln(6/4) / ln(32/4)⌋ = 4, got {answer}"
    far = called(solve, 1000, 8, 32)
    yield far <= 7, "the formula runs past the last bucket: everything from max_distance on shares bucket 7"
    yield far == 7, f"the last of 8 buckets is 7, got {far} for distance 1,000"
    wanted = t5_bucket(-torch.arange(200)).tolist()
    yield [called(solve, i, 32, 128) for i in range(200)] == wanted, "right in small, but not T5's 32 buckets to 128"


@check
def check_unseen(solve: Solve) -> Iterator[Claim]:
    """`solve(d, base, length)` is the number of pairs that never finish a turn within `length` positions."""
    answer = called(solve, 16, 10_000.0, 64)
    yield answer != 4, "a turn is 2π, not 1: a pair of speed s needs 2π/s positions"
    yield answer != 3, "those are the pairs that do finish a turn"
    yield answer != 10, "a head of 16 coordinates has 8 pairs, not 16"
    yield answer == 5, f"the turns take 6, 20, 63, 199 … positions, so 5 of 8 never finish one in 64; got {answer}"
    yield called(solve, 128, 10_000.0, 2048) == 23, "right for our model, but LLaMA 1 has 23 of 64"
    yield called(solve, 128, 500_000.0, 2048) > 23, "a larger base turns slower, so more pairs stay behind"


@check
def check_stretched_base(solve: Solve) -> Iterator[Claim]:
    """`solve(base, factor, d)` is the base at which the slowest pair turns `factor` times slower."""
    answer = called(solve, 10_000.0, 8.0, 4)
    yield not math.isclose(answer, 80_000), "base · factor slows the slowest pair by less: its exponent is (d − 2)/d"
    yield not math.isclose(answer, 10_000 * 8**0.5), "the exponent is d/(d − 2), the other way up"
    yield math.isclose(answer, 640_000), f"with two pairs the slower has speed base^(−1/2): 8² · 10,000; got {answer}"
    speeds = [called(solve, 10_000.0, s, 128) ** (-126 / 128) for s in (1.0, 4.0)]
    yield (
        math.isclose(speeds[0] / speeds[1], 4, rel_tol=1e-6),
        "at d = 128 and factor 4 the slowest is not slowed by 4",
    )


@check
def check_half_free(solve: Solve) -> Iterator[Claim]:
    """`solve(n)` are the slopes of n heads of which the second half pays nothing."""
    answer = torch.as_tensor(called(solve, 8), dtype=torch.float32)
    yield answer.shape == (8,), f"eight heads have eight slopes, got a shape of {tuple(answer.shape)}"
    yield bool((answer[4:] == 0).all()), "the second half is free: a slope of 0 costs nothing at any distance"
    cut = torch.allclose(answer[:4], alibi_slopes(8)[:4])
    yield not cut, "the paying heads should span the whole range: take the slopes of four heads, not half of eight"
    yield torch.allclose(answer[:4], alibi_slopes(4)), f"four heads pay 1/4 to 1/256, got {answer[:4].tolist()}"
    two = torch.as_tensor(called(solve, 2), dtype=torch.float32)
    yield two.tolist() == [alibi_slopes(1).item(), 0.0], "right for eight heads, but not for two"
