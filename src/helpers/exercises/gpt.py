"""Checks for the chapter on GPT."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.attention import causal_mask
from helpers.corpora import tales
from helpers.exercises.checking import Claim, called, check
from helpers.models.config import DecoderConfig
from helpers.models.decoder import Block

Solve = Callable[..., Any]


@check
def check_block_parameters(solve: Solve) -> Iterator[Claim]:
    """`solve(d_model, d_ff)` counts the parameters of one block with biases."""
    answer = called(solve, 8, 32)
    config = DecoderConfig(vocab_size=2, context_length=2, d_model=8, n_layers=1, n_heads=1)
    exact = sum(p.numel() for p in Block(config).parameters())
    yield answer != 3 * 64 + 2 * 8 * 32, "attention has four matrices: queries, keys, values and the output projection"
    yield answer != 4 * 64 + 2 * 8 * 32, "those are the matrices; the biases and the two norms are still missing"
    yield answer != exact - 4 * 8, "almost: each of the two norms has a weight and a bias of size d_model"
    yield answer == exact, f"at d_model=8 and d_ff=32 a block has {exact} parameters, got {answer}"
    yield called(solve, 768, 3072) == 7_087_872, "right at d_model=8, wrong at 768: does d_ff enter on its own?"


@check
def check_window_mask(solve: Solve) -> Iterator[Claim]:
    """`solve(n, window)` lets each position see itself and the `window` − 1 positions before it."""
    mask = called(solve, 5, 2)
    wanted = causal_mask(5) & ~causal_mask(5).tril(-2)
    yield getattr(mask, "shape", None) == (5, 5), f"a row per query and a column per key make 5 by 5, got {mask}"
    yield mask.dtype == torch.bool, f"masks are boolean here, True = may look; got {mask.dtype}"
    yield not torch.equal(mask, ~wanted), "inside out: here True means may look, not must not"
    yield bool(mask.diagonal().all()), "every position may look at itself: is the diagonal in?"
    yield not mask.triu(1).any(), "a position looks ahead: rows are queries, columns are keys; a key may not come later"
    yield not torch.equal(mask, causal_mask(5) & ~causal_mask(5).tril(-3)), "one too many: the window counts itself"
    yield torch.equal(mask, wanted), f"row 3 must look at positions 2 and 3 only, got {mask[3].tolist()}"
    yield torch.equal(called(solve, 4, 9), causal_mask(4)), "a window longer than the text is the plain causal mask"


@check
def check_perplexity(solve: Solve) -> Iterator[Claim]:
    """`solve(nats, n_tokens)` is the perplexity per token of a text that surprised the model by `nats` in total."""
    answer = called(solve, 20 * math.log(50), 20)
    yield not math.isclose(answer, math.log(50)), "that is the loss, in nats a token; perplexity is its exponential"
    yield answer < 1e9, "the exponential of the whole text's surprise: divide by the number of tokens first"
    yield not math.isclose(answer, 2 ** math.log(50)), "nats go with e, bits with 2"
    yield math.isclose(answer, 50), f"a uniform guess among 50 tokens has perplexity 50, got {answer}"
    yield math.isclose(called(solve, 0.0, 7), 1), "a text that is no surprise at all has perplexity 1"


@check
def check_previous_token_score(solve: Solve) -> Iterator[Claim]:
    """`solve(weights)` is the mean weight with which a position looks at the one just before it."""
    perfect = torch.eye(6).roll(-1, dims=1).tril()
    perfect[0, 0] = 1.0
    answer = called(solve, perfect)
    is_over_all = math.isclose(answer, 5 / 6, rel_tol=1e-5)
    yield not is_over_all, "the first position has none before it: average over the others"
    yield float(answer) > 0.01, "a perfect head scored 0: row t says where position t looks, the entry is [t, t-1]"
    yield math.isclose(answer, 1, rel_tol=1e-5), f"a perfect previous-token head scores 1, got {answer}"
    even = causal_mask(6) / torch.arange(1.0, 7.0)[:, None]
    wanted = sum(1 / n for n in range(2, 7)) / 5
    is_right = math.isclose(called(solve, even), wanted, rel_tol=1e-5)
    yield is_right, f"a head that looks everywhere alike scores {wanted:.3f}"


@check
def check_first_slip(solve: Solve) -> Iterator[Claim]:
    """`solve(text)` is the number of words that a written story goes right before its first impossible word."""
    text = tales.stories(1, seed=11)[0]
    words = tales.words(text)
    broken = tales.join([*words[:20], "spaceship", *words[21:]])
    answer = called(solve, broken)
    yield answer != 21, "count the words before the slip, without the slip itself"
    yield answer == 20, f"the 21st word cannot stand there, so 20 words were right; got {answer}"
    yield called(solve, text) == len(words), "a whole tale has no slip: its score is its number of words"
