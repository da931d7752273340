"""Checks for the chapter on the Transformer of 2017."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.attention import causal_mask
from helpers.exercises.checking import Claim, called, check
from helpers.models.encoder_decoder import CrossBlock, EncoderDecoderConfig
from helpers.positions.sinusoidal import sinusoids

Solve = Callable[..., Any]


@check
def check_decoder_layer_parameters(solve: Solve) -> Iterator[Claim]:
    """`solve(d_model, d_ff)` counts the parameters of one decoder layer of 2017, biases and norms included."""
    config = EncoderDecoderConfig(vocab_size=2, context_length=2, d_model=8, n_layers=1, n_heads=1)
    exact = sum(p.numel() for p in CrossBlock(config).parameters())
    answer = called(solve, 8, 32)
    one_attention = 4 * (8 * 8 + 8)
    yield (
        answer != exact - one_attention - 16,
        "that is an encoder layer: here attention stands twice, with a norm each",
    )
    yield answer != exact - one_attention, "three norms are in, but attention only once: the second looks at the source"
    yield answer != exact - 16, "three parts, so three norms, each with a weight and a bias"
    yield answer != exact - 8 * 8 - 3 * 16 - 32 - 8, "those are the matrices: the biases and the norms are missing"
    yield answer == exact, f"at d_model=8 and d_ff=32 a decoder layer has {exact} parameters, got {answer}"
    yield called(solve, 512, 2048) == 4_204_032, "right at d_model=8, wrong at 512: does d_ff enter on its own?"


@check
def check_likeness(solve: Solve) -> Iterator[Claim]:
    """`solve(distance, d_model)` is the dot product of the waves of two places this far apart."""
    waves = sinusoids(torch.arange(10), 16)
    answer = float(called(solve, 0, 16))
    yield (
        not math.isclose(answer, 16),
        "each pair of coordinates gives sin² + cos² = 1, and there are d_model / 2 pairs",
    )
    yield math.isclose(answer, 8), f"a place and itself: d_model / 2 pairs give 1 each, so 8; got {answer}"
    answer, wanted = float(called(solve, 3, 16)), float(waves[2] @ waves[5])
    slip = sum(math.sin(3 / 10000 ** (2 * i / 16)) for i in range(8))
    yield not math.isclose(answer, slip), "sin a · sin b + cos a · cos b is the cosine of the difference, not the sine"
    slip = sum(math.cos(3 / 10000 ** (i / 16)) for i in range(8))
    yield not math.isclose(answer, slip), "the speed of pair i is 1 / 10000^(2i / d_model): mind the 2"
    yield math.isclose(answer, wanted, rel_tol=1e-4), f"places 2 and 5 at width 16 give {wanted:.4f}, got {answer:.4f}"
    yield math.isclose(float(called(solve, -3, 16)), wanted, rel_tol=1e-4), "it does not matter which place is first"


@check
def check_target_mask(solve: Solve) -> Iterator[Claim]:
    """`solve(is_token)` is the mask of the target's self-attention for rows that are filled up on the right."""
    is_token = torch.tensor([[True, True, True, True], [True, True, False, False]])
    mask = called(solve, is_token)
    yield getattr(mask, "dtype", None) == torch.bool, f"masks are boolean here, True = may look; got {mask}"
    yield mask.ndim >= 3, "one mask for each row of the batch: a new axis for the queries, and & does the rest"
    mask = mask.reshape(2, 4, 4) if mask.numel() == 32 else mask
    yield mask.shape == (2, 4, 4), f"a query and a key for each row make 2 by 4 by 4, got {tuple(mask.shape)}"
    yield not mask[0].triu(1).any(), "a place looks ahead: the causal mask is missing, or it is turned round"
    yield not mask[1, :, 2:].any(), "somebody looks at the filler: padding hides keys, which are columns"
    yield bool(mask[1, 3, 0]), "padding hides keys, not queries: a filler that may look at nothing gives nan"
    yield (
        torch.equal(mask, causal_mask(4) & is_token[:, None, :]),
        f"row 1 should be the past that is a token: {mask[1]}",
    )


@check
def check_alignment_score(solve: Solve) -> Iterator[Claim]:
    """`solve(weights, links)`: the share of linked words whose strongest place is a true one."""
    weights = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.4, 0.5, 0.1], [0.2, 0.6, 0.2]])
    answer = float(called(solve, weights, [(0,), (1, 2), (), (2,)]))
    yield not math.isclose(answer, 2 / 4), "words without a link have no truth to be compared with: leave them out"
    yield not math.isclose(answer, 2), "that is how many are right; the score is their share"
    yield not math.isclose(answer, 1 / 3), "several places may be true, as for 她: any of them is right"
    yield (
        math.isclose(answer, 2 / 3, rel_tol=1e-6),
        f"two of three linked words are right here: 0.667, got {answer:.3f}",
    )
    yield math.isclose(float(called(solve, weights[:1], [(2,)])), 0), "a word that looks elsewhere scores 0"


@check
def check_attention_flops(solve: Solve) -> Iterator[Claim]:
    """`solve(n, d_model)`: multiplications and additions of one self-attention over n places."""
    answer = called(solve, 1, 8)
    yield answer != 4 * 64 + 2 * 8, "a product and a sum each: count both, as FLOP counters do"
    yield (
        answer == 8 * 64 + 4 * 8,
        f"at n=1 and d_model=8: 8·d² for four matrices and 4·d for one score, 544; got {answer}",
    )
    answer = called(solve, 10, 8)
    yield answer != 10 * 544, "ten places do not cost ten times one: everyone looks at everyone, so n² scores"
    yield answer != 8 * 64 + 4 * 100 * 8, "the four matrices work at every place: n · 8 · d²"
    yield (
        answer == 10 * 8 * 64 + 100 * 4 * 8,
        f"at n=10 and d_model=8 there are {10 * 512 + 3200} operations, got {answer}",
    )
