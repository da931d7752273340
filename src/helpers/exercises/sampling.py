"""Checks for the chapter on sampling."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.exercises.checking import Claim, called, check

Solve = Callable[..., Any]
PROBS = torch.tensor([0.5, 0.2, 0.15, 0.1, 0.05])


@check
def check_heated(solve: Solve) -> Iterator[Claim]:
    """`solve(probs, t)` is the distribution at temperature t > 0, from probabilities instead of logits."""
    probs = torch.tensor([0.5, 0.25, 0.25])
    answer = called(solve, probs, 0.5)
    yield getattr(answer, "shape", None) == (3,), f"three probabilities go in, three come out, got {answer}"
    yield math.isclose(answer.sum(), 1, rel_tol=1e-5), f"the result must sum to 1 again, got {float(answer.sum()):.3f}"
    upside_down = torch.allclose(answer, torch.tensor([0.4142, 0.2929, 0.2929]), atol=1e-3)
    yield not upside_down, "the exponent is 1/t, not t: below 1 the likely tokens gain"
    taken = torch.allclose(answer, (probs / 0.5).softmax(0))
    yield not taken, "that treats probabilities as logits: take their logarithm before you divide"
    wanted = torch.tensor([4 / 6, 1 / 6, 1 / 6])
    yield (
        torch.allclose(answer, wanted),
        f"temperature 0.5 squares (1/2, 1/4, 1/4): 2/3, 1/6, 1/6; got {answer.tolist()}",
    )
    yield torch.allclose(called(solve, PROBS, 1.0), PROBS), "temperature 1 changes nothing"


@check
def check_nucleus_size(solve: Solve) -> Iterator[Claim]:
    """`solve(probs, p)` is the number of tokens that top-p keeps."""
    shuffled = PROBS[[3, 0, 4, 2, 1]]
    answer = called(solve, shuffled, 0.8)
    yield answer != 2, "two tokens hold 0.7 of the probability; the one that takes the sum past p is kept, too"
    yield answer not in (4, 5), "count the most likely tokens first: is the distribution sorted, downwards?"
    yield answer == 3, f"0.5 + 0.2 + 0.15 is the first sum of at least 0.8, so 3 tokens stay; got {answer}"
    yield called(solve, shuffled, 0.01) == 1, "however small p is, the most likely token stays"
    yield called(solve, torch.full((8,), 1 / 8), 0.5) == 4, "half of eight equal tokens are four"


@check
def check_acceptance(solve: Solve) -> Iterator[Claim]:
    """`solve(p, q)` is the probability that a token drafted from q is kept."""
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.8, 0.1, 0.1])
    answer = float(called(solve, p, q))
    yield not math.isclose(answer, 2.625, rel_tol=1e-4), "a token is drafted as often as q says: weigh each by q"
    yield not math.isclose(answer, 0.45, rel_tol=1e-4), "that is how often p and q draw the same token by chance"
    yield not math.isclose(answer, 0.3, rel_tol=1e-4), "that is how often it is refused"
    yield math.isclose(answer, 0.7, rel_tol=1e-4), f"0.5 + 0.1 + 0.1 = 0.7 of the drafts are kept, got {answer:.3f}"
    yield math.isclose(called(solve, p, p), 1, rel_tol=1e-4), "a draft that equals the model is always kept"


@check
def check_banned(solve: Solve) -> Iterator[Claim]:
    """`solve(text, n)` is the set of tokens that would repeat a run of n tokens that the text already has."""
    text = [1, 2, 3, 1, 2, 4, 1, 2]
    answer = called(solve, text, 3)
    yield answer != {1, 2, 3, 4}, "a token may come again; only a whole run of n may not"
    yield answer != {3}, "the run 1 2 has been continued twice: collect every continuation, not only the first"
    yield answer != {4}, "the run 1 2 has been continued twice: collect every continuation, not only the last"
    yield answer == {3, 4}, f"after 1 2 the text went on with 3 and with 4, got {answer}"
    yield called(solve, text, 2) == {3, 4}, "with n = 2 the last token alone decides: after 2 came 3 and 4"
    yield called(solve, [1, 2], 3) == set(), "a text shorter than n repeats nothing: an empty set"
    yield called(solve, [5, 5, 5], 2) == {5}, "runs may overlap: 5 5 stands in 5 5 5 twice"


@check
def check_typical(solve: Solve) -> Iterator[Claim]:
    """`solve(logits, mass)` keeps the tokens whose surprise is nearest to the entropy, until they hold `mass`."""
    from transformers import TypicalLogitsWarper

    logits = PROBS.log()
    answer = called(solve, logits, 0.3)
    yield getattr(answer, "shape", None) == (5,), f"logits go in, logits of the same shape come out, got {answer}"
    kept = answer.isfinite().tolist()
    yield kept != [True, False, False, False, False], "that is top-p: sort by |surprise - entropy|, not by probability"
    yield kept != [False, True, False, False, False], "0.2 is less than 0.3: the token that takes the sum past it stays"
    yield kept == [False, True, True, False, False], f"0.2 and 0.15 are nearest to the entropy, got {kept}"
    some = 3 * torch.randn(4, 50, generator=torch.Generator().manual_seed(0))
    theirs = torch.stack([TypicalLogitsWarper(0.6)(None, row[None])[0] for row in some])
    ours = torch.stack([called(solve, row, 0.6) for row in some])
    yield torch.allclose(ours, theirs), "right on five tokens, but not what transformers keeps of fifty"
