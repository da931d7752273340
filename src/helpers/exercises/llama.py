"""Checks for the chapter on LLaMA."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.exercises.checking import Claim, called, check
from helpers.models.config import DecoderConfig

Solve = Callable[..., Any]


@check
def check_rms_norm(solve: Solve) -> Iterator[Claim]:
    """`solve(x, eps)` divides each vector by its root mean square, with `eps` under the root."""
    x = torch.tensor([[7.0, 1.0, -5.0, 5.0], [2.0, 2.0, 2.0, 2.0]])
    answer = called(solve, x, 0.0)
    yield getattr(answer, "shape", None) == x.shape, f"every vector keeps its place: two vectors of 4, got {answer}"
    yield not torch.allclose(answer[1], torch.zeros(4)), "equal numbers became zero: no mean is subtracted here"
    yield not torch.allclose(answer[0], x[0] / 10), "that is the length: take the mean of the squares, not their sum"
    yield not torch.allclose(answer[0], x[0] / 25), "that is the mean square: the root is missing"
    both = x / x.square().mean().sqrt()
    yield not torch.allclose(answer, both), "each vector has a root mean square of its own: mean(-1, keepdim=True)"
    yield torch.allclose(answer, x / torch.tensor([[5.0], [2.0]])), f"(7, 1, −5, 5) is divided by 5, got {answer[0]}"
    with_eps = called(solve, x, 11.0)
    yield not torch.allclose(with_eps[0], x[0] / 16), "eps stands under the root, beside the mean square"
    yield torch.allclose(with_eps[0], x[0] / 6), "with eps 11 the first vector is divided by the root of 25 + 11"


@check
def check_gated_width(solve: Solve) -> Iterator[Claim]:
    """`solve(d_model)` is the width of LLaMA's gated layer."""
    answer = called(solve, 5120)
    yield answer != 20480, "four times the width is for two matrices; a gate needs a third, so two thirds of that"
    yield answer != 13568, "rounded down: LLaMA rounds up"
    yield not math.isclose(answer, 8 * 5120 / 3, abs_tol=1), "now round up to a multiple of 256"
    yield answer == 13824, f"LLaMA 13B, of width 5,120, has 13,824; got {answer}"
    yield called(solve, 4096) == 11008, "right at 5,120, wrong at 4,096, where it is 11,008"
    yield called(solve, 768) == 2048, "8/3 of 768 is 2,048, a multiple of 256 already: it stays"
    yield isinstance(answer, int), f"a width is a whole number, got {answer!r}"


@check
def check_kept_bytes(solve: Solve) -> Iterator[Claim]:
    """`solve(config, n_tokens)` is what a cache of 16 bits holds, in bytes."""
    grouped = DecoderConfig(50, 64, d_model=32, n_layers=3, n_heads=4, n_kv_heads=2, positions="rope")
    exact = 2 * 3 * 2 * 8 * 2 * 10
    answer = called(solve, grouped, 10)
    yield answer != exact // 2, "half: either the keys or the values are missing, or a number takes two bytes"
    yield answer != 2 * exact, "twice too much: n_kv_heads have keys and values, not n_heads; 16 bits are two bytes"
    yield answer != exact // 3, "every layer has a cache of its own"
    yield answer == exact, f"3 layers, 2 key/value heads of 8, 10 tokens: {exact} bytes, got {answer}"
    windowed = grouped.but(window=4)
    yield called(solve, windowed, 10) != exact, "a window of 4 keeps 4 tokens, however many were read"
    yield called(solve, windowed, 10) == exact * 4 // 10, "with a window of 4, four tokens are kept"
    yield called(solve, windowed, 3) == exact * 3 // 10, "before the window is full, all tokens read are kept"


@check
def check_break_even(solve: Solve) -> Iterator[Claim]:
    """`solve(n_small, d_small, n_large, d_large)` is after how many tokens served both have cost the same."""
    answer = called(solve, 1e9, 40e9, 2e9, 5e9)
    yield not math.isclose(answer, 180e9), "a served token costs 2 operations a parameter"
    yield not math.isclose(answer, 30e9), "training costs 6 operations a parameter and token, serving 2: three to one"
    yield not math.isclose(answer, -90e9), "turn the sign: the small one begins with a debt and saves on every token"
    yield not math.isclose(answer, 45e9), "what a token saves is the difference of the sizes, not the larger size"
    yield math.isclose(answer, 90e9), f"1 billion on 40 against 2 billion on 5: 90 billion tokens, got {answer:.3g}"
    yield called(solve, 1e9, 1e9, 2e9, 5e9) == 0, "the small one was cheaper from the start, so the answer is 0"


@check
def check_pooled(solve: Solve) -> Iterator[Claim]:
    """`solve(weight, n_heads, n_kv_heads)` is the mean of the heads in each group, head by head."""
    heads = torch.tensor([1.0, 3.0, 10.0, 30.0])  # four heads of two rows; all entries of a head alike, but for the row
    weight = (heads[:, None, None] + torch.tensor([0.0, 0.5])[None, :, None]).expand(4, 2, 5).reshape(8, 5)
    answer = called(solve, weight, 4, 2)
    yield getattr(answer, "shape", None) == (4, 5), f"two heads of two rows remain, so 4 by 5, got {answer}"
    yield (
        not torch.allclose(answer[:, 0], torch.tensor([5.5, 6.0, 16.5, 17.0])),
        ("heads 0 and 2 were mixed: a group holds neighbours, 0 with 1 and 2 with 3"),
    )
    yield not torch.allclose(answer[:, 0], torch.tensor([4.0, 5.0, 40.0, 41.0])), "that is the sum: take the mean"
    yield (
        not torch.allclose(answer[:, 0], torch.tensor([1.25, 3.25, 10.25, 30.25])),
        ("rows of one head were averaged: average over the heads of a group, row by row"),
    )
    wanted = torch.tensor([2.0, 2.5, 20.0, 20.5])
    yield torch.allclose(answer[:, 0], wanted), f"the rows must be {wanted.tolist()}, got {answer[:, 0].tolist()}"
    yield torch.allclose(called(solve, weight, 4, 4), weight), "with as many groups as heads nothing changes"
