"""pass@k: how likely is at least one right answer among k? Estimated from n ≥ k answers, without bias.

Best of k is the same question with a score in place of right and wrong: what is the best-scored of k answers worth?

Simply trying k answers is noisy, and 1 − (1 − c/n)^k, which puts the found share in place of the true one, is too low
on average. The mean over all ways to take k of the n answers is neither.

Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", arXiv:2107.03374, equation 1.
"""

import math
from collections.abc import Sequence

from helpers.evaluation.perplexity import Mean, mean_with_error


def pass_at_k(n: int, n_right: int, k: int) -> float:
    """The share of the ways to take k of n answers that take a right one: 1 − C(n − c, k)/C(n, k).

    As a product, in which no factor is large: the binomials themselves pass the largest float at n of about 1000.
    Where fewer than k are wrong, one factor is exactly 0.
    """
    if not (1 <= k <= n and 0 <= n_right <= n):
        raise ValueError(f"k must be from 1 to n and n_right from 0 to n, got {n=}, {n_right=} and {k=}")
    return 1 - math.prod(1 - k / i for i in range(n - n_right + 1, n + 1))


def mean_pass_at_k(is_right: Sequence[Sequence[bool]], k: int) -> Mean:
    """The mean over problems, given for each problem whether each answer was right; the error is over problems."""
    return mean_with_error([pass_at_k(len(answers), sum(answers), k) for answers in is_right])


def best_of_k(scores: Sequence[float], values: Sequence[float], k: int) -> float:
    """What the answer with the highest score among k is worth: the mean over all ways to take k of the n answers.

    Of all those ways, C(i − 1, k − 1) leave the i-th lowest score on top; among equal scores the later one is.
    """
    n = len(scores)
    if not 1 <= k <= n:
        raise ValueError(f"k must be from 1 to the number of answers, got {k=} and {n} answers")
    in_order = [value for _, value in sorted(zip(scores, values, strict=True), key=lambda pair: pair[0])]
    return math.fsum(math.comb(i, k - 1) / math.comb(n, k) * value for i, value in enumerate(in_order))
