"""Ways to reshape the next-token distribution before drawing from it. Each takes logits and gives logits back;
a token that is ruled out gets −∞.

They do not commute, so the order is fixed: repetition penalty, temperature, top-k, top-p, min-p. Each sees what
the ones before it left, and judges it as a distribution that sums to one again.

Source: Keskar et al. 2019, "CTRL", arXiv:1909.05858, section 4.1 (repetition penalty);
Fan et al. 2018, "Hierarchical Neural Story Generation", arXiv:1805.04833, section 5.4 (top-k);
Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751, section 3.1 (top-p);
Nguyen et al. 2024, "Turning Up the Heat: Min-p Sampling", arXiv:2407.01082, section 3 (min-p).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def repetition_penalty(
    logits: Float[Tensor, "*lead V"], seen: Int[Tensor, "*lead N"], penalty: float
) -> Float[Tensor, "*lead V"]:
    """Above 1, tokens that the text already has lose; however often they stand there, they pay once.

    A positive logit is divided by the penalty. A negative one is multiplied: the paper divides it too, which
    would make the token more likely.
    """
    if not penalty > 0:
        raise ValueError(f"repetition_penalty divides logits, so it must be positive, got {penalty}")
    old = logits.gather(-1, seen)
    return logits.scatter(-1, seen, torch.where(old < 0, old * penalty, old / penalty))


def temperature(logits: Float[Tensor, "*lead V"], t: float) -> Float[Tensor, "*lead V"]:
    """Below 1 the likely tokens gain, above 1 the unlikely ones do; at 0 only the most likely one is left."""
    if not t >= 0:
        raise ValueError(f"temperature divides the logits, so it must not be negative, got {t}")
    if t == 0:
        best = logits.argmax(dim=-1, keepdim=True)  # one, even if several tie: greedy must not be a matter of chance
        return torch.full_like(logits, float("-inf")).scatter(-1, best, logits.gather(-1, best))
    return logits / t


def top_k(logits: Float[Tensor, "*lead V"], k: int) -> Float[Tensor, "*lead V"]:
    """The k most likely tokens stay (more if several tie for the last place), the others are ruled out."""
    if k < 1:
        raise ValueError(f"top_k must keep at least 1 token, got k={k}")
    threshold = logits.topk(min(k, logits.shape[-1])).values[..., -1:]
    return logits.masked_fill(logits < threshold, float("-inf"))


def top_p(logits: Float[Tensor, "*lead V"], p: float) -> Float[Tensor, "*lead V"]:
    """The smallest set of most likely tokens whose probabilities sum to at least p stays (the nucleus)."""
    if not 0 < p <= 1:
        raise ValueError(f"top_p is a probability above 0 and up to 1, got p={p}")
    ascending, order = logits.sort(dim=-1)
    tail = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1 - p
    tail[..., -1] = False  # the most likely token always stays
    return logits.masked_fill(tail.scatter(-1, order, tail), float("-inf"))


def min_p(logits: Float[Tensor, "*lead V"], p_base: float) -> Float[Tensor, "*lead V"]:
    """The tokens at least `p_base` times as likely as the most likely one stay: few when the model is sure."""
    if not 0 < p_base <= 1:
        raise ValueError(f"min_p is a share of the largest probability, above 0 and up to 1, got p_base={p_base}")
    probs = logits.softmax(dim=-1)
    return logits.masked_fill(probs < p_base * probs.amax(dim=-1, keepdim=True), float("-inf"))


def next_token_probs(
    logits: Float[Tensor, "*lead V"],
    t: float = 1.0,
    k: int | None = None,
    p: float | None = None,
    p_base: float | None = None,
    penalty: float = 1.0,
    seen: Int[Tensor, "*lead N"] | None = None,
) -> Float[Tensor, "*lead V"]:
    """The distribution that is drawn from, after every filter that is switched on.

    `t` temperature, `k` top-k, `p` top-p, `p_base` min-p, `penalty` the repetition penalty on the ids `seen`.
    """
    if penalty != 1:
        if seen is None:
            raise ValueError(f"a repetition penalty needs the ids seen so far, got {penalty=} and {seen=}")
        logits = repetition_penalty(logits, seen, penalty)
    logits = temperature(logits, t)
    if k is not None:
        logits = top_k(logits, k)
    if p is not None:
        logits = top_p(logits, p)
    if p_base is not None:
        logits = min_p(logits, p_base)
    return torch.softmax(logits, dim=-1)
