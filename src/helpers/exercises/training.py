"""Checks for the chapter on pre-training: data, steps, schedules."""

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from helpers.corpora import tales
from helpers.exercises.checking import Claim, called, check
from helpers.training.schedules import warmup_stable_decay

Solve = Callable[..., Any]


@check
def check_n_windows(solve: Solve) -> Iterator[Claim]:
    """`solve(n_tokens, context_length)` counts the full windows that lose no prediction at a cut."""
    answer = called(solve, 8193, 4096)
    yield answer != 1, "a window needs no first token of its own: it begins with the last token of the one before"
    yield answer == 2, f"8,193 tokens hold 2 windows of 4,096 predictions, got {answer}"
    yield called(solve, 8192, 4096) == 1, "8,192 tokens hold 8,191 predictions: the first token is predicted by none"
    yield called(solve, 13, 4) == 3, "13 tokens hold 12 predictions, 3 windows of 4"


@check
def check_rows_for(solve: Solve) -> Iterator[Claim]:
    """`solve(n_hashes, threshold)` is the number of rows whose S is steepest nearest the threshold."""
    answer = called(solve, 128, 0.42)
    yield answer != 32, "that is the number of bands: asked for are the rows in a band"
    yield answer == 4, f"32 bands of 4 are steep at 0.42, got {answer} rows"
    yield 128 % called(solve, 128, 0.6) == 0, "a band that does not divide the hashes leaves some over"
    yield called(solve, 128, 0.72) == 8, "16 bands of 8 are steep at 0.71"
    yield called(solve, 128, 1.0) == 128, "one band of all hashes is possible too: it finds only copies"


@check
def check_whole_loss(solve: Solve) -> Iterator[Claim]:
    """`solve(losses, n_tokens)` is the mean loss over all tokens."""
    answer = called(solve, [1.0, 3.0], [90, 10])
    yield not math.isclose(answer, 2.0), "that is the mean of the means: a part of 10 tokens counts as one of 90"
    yield not math.isclose(answer, 120.0), "that is the total surprise: divide by all tokens"
    yield math.isclose(answer, 1.2), f"90 tokens at 1 and 10 at 3 cost 1.2 on average, got {answer}"
    yield math.isclose(called(solve, [2.0, 7.0], [5, 0]), 2.0), "a part without tokens must not count"


@check
def check_trapezoid(solve: Solve) -> Iterator[Claim]:
    """`solve(step, n_steps, n_warmup, n_decay)` is the share of the peak rate."""
    answers = [called(solve, step, 100, 10, 20) for step in range(100)]
    yield answers[0] > 0, "the first step would be wasted: warm-up reaches 1 at its last step, so it begins at 1/10"
    yield math.isclose(answers[9], 1), f"the last step of warm-up is at the peak, got {answers[9]}"
    yield math.isclose(answers[79], 1), f"the plateau lasts to step 79, got {answers[79]}"
    yield math.isclose(answers[99], 0, abs_tol=1e-12), f"the last step is at 0, got {answers[99]}"
    wanted = warmup_stable_decay(100, 10, 20, "linear")
    step = next((s for s in range(100) if not math.isclose(answers[s], wanted(s), abs_tol=1e-9)), None)
    yield step is None, f"at step {step} the factor is {wanted(step or 0):.3f}, got {answers[step or 0]:.3f}"


@check
def check_adamw_step(solve: Solve) -> Iterator[Claim]:
    """`solve(w, g, m, v, t, lr)` gives the new weight and both running means."""
    w, m, v = called(solve, 1.0, 5.0, 0.0, 0.0, 1, 0.1)
    yield (
        math.isclose(m, 0.5) and math.isclose(v, 1.25),
        (f"m and v come back as plain running means, 0.5 and 1.25 here, got {m:.3g} and {v:.3g}"),
    )
    small = 1 - 0.1 * 0.5 / math.sqrt(1.25) - 0.01
    yield not math.isclose(w, small, abs_tol=1e-6), "m and v begin at 0 and are too small: divide by 1 - beta**t"
    yield not math.isclose(w, 0.9, abs_tol=1e-6), "the step is right, the decay is missing"
    yield not math.isclose(w, 0.8, abs_tol=1e-6), "the decay is multiplied by the learning rate, too"
    yield math.isclose(w, 0.89, abs_tol=1e-6), f"from 1 with a gradient of 5 the first step ends at 0.89, got {w:.4f}"
    parameter = nn.Parameter(torch.tensor(0.7, dtype=torch.float64))
    torchs = torch.optim.AdamW([parameter], lr=0.03, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    w, m, v = 0.7, 0.0, 0.0
    rng = random.Random(0)
    for t in range(1, 6):
        g = rng.gauss(0, 1)
        parameter.grad = torch.tensor(g, dtype=torch.float64)
        torchs.step()
        w, m, v = called(solve, w, g, m, v, t, 0.03)
        yield (
            math.isclose(w, parameter.item(), abs_tol=1e-7),
            f"at step {t} torch is at {parameter.item():.5f}, you at {w:.5f}",
        )


@check
def check_unheard_pairs(solve: Solve) -> Iterator[Claim]:
    """`solve(texts)` is for each text the share of its word pairs that no other text holds."""
    answer = called(solve, ["a b c", "a b d", "c d"])
    yield len(answer) == 3, f"one share for each text, got {len(answer)} for 3"
    yield answer[0] != 0, "every word stands elsewhere; asked for are pairs of neighbours"
    yield [round(x, 3) for x in answer] == [0.5, 0.5, 1.0], f"the shares are 0.5, 0.5 and 1.0, got {answer}"
    twice = called(solve, ["x y x y", "p q"])
    yield twice[0] == 1.0, "a pair that one text holds twice is still held by no other: count texts, not places"
    good = tales.stories(150, seed=3)
    words = tales.words(tales.stories(1, seed=999)[0])
    random.Random(1).shuffle(words)
    shares = called(solve, [*good, " ".join(words)])
    yield (
        shares[-1] > 0.45 > max(shares[:-1]),
        f"a shuffled tale stands out, got {shares[-1]:.2f} against {max(shares[:-1]):.2f}",
    )
    yield len(called(solve, ["word", "a b"])) == 2, "a text of one word has no pair: beware of dividing by 0"
