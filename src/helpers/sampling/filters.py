"""Ways to reshape the next-token distribution before drawing from it. Each takes logits and gives logits back;
a token that is ruled out gets −∞.

Source: Fan et al. 2018, "Hierarchical Neural Story Generation", arXiv:1805.04833, section 5.4 (top-k);
Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751, section 3.1 (top-p).
"""

import torch
from jaxtyping import Float
from torch import Tensor


def temperature(logits: Float[Tensor, "*lead V"], t: float) -> Float[Tensor, "*lead V"]:
    """Below 1 the likely tokens gain, above 1 the unlikely ones do; at 0 only the most likely one is left."""
    if not t >= 0:
        raise ValueError(f"temperature divides the logits, so it must not be negative, got {t}")
    if t == 0:
        return top_k(logits, 1)
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


def next_token_probs(
    logits: Float[Tensor, "*lead V"], t: float = 1.0, k: int | None = None, p: float | None = None
) -> Float[Tensor, "*lead V"]:
    """The distribution that is drawn from: temperature first, then top-k, then top-p."""
    logits = temperature(logits, t)
    if k is not None:
        logits = top_k(logits, k)
    if p is not None:
        logits = top_p(logits, p)
    return torch.softmax(logits, dim=-1)
