"""Whether a policy still has more than one thing to say: tuning on a reward makes answers alike.

Answers to one prompt are compared with each other and the mean is taken over prompts; across prompts answers differ
even when the policy has collapsed, since each prompt asks for its own.

Source: Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models", arXiv:1510.03055,
section 4.3 (distinct-n). Convention: here it is counted over the answers to one prompt.
"""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import nn

from helpers.evaluation.kl import pieces
from helpers.evaluation.perplexity import Mean, mean_with_error
from helpers.sampling.rollouts import Rollout

Answers = Sequence[Sequence[int]]  # the answers to one prompt, each a row of ids


def ngrams(answer: Sequence[int], n: int) -> list[tuple[int, ...]]:
    """Every run of n tokens."""
    return [tuple(answer[i : i + n]) for i in range(len(answer) - n + 1)]


def distinct_n(prompts: Sequence[Answers], n: int) -> Mean:
    """The share of different ones among all runs of n tokens in the answers to one prompt; mean over prompts.

    It falls with the number of answers and their length: compare only like with like.
    """
    shares = []
    for answers in prompts:
        runs = [run for answer in answers for run in ngrams(answer, n)]
        shares.append(len(set(runs)) / max(1, len(runs)))
    return mean_with_error(shares)


def pairwise_overlap(prompts: Sequence[Answers], n: int) -> Mean:
    """The share of runs of n tokens that two answers to one prompt have in common, from 0 to 1; mean over prompts.

    Common runs over all runs of the two (Jaccard), over all pairs of answers. Needs two answers a prompt.
    """
    overlaps = []
    for answers in prompts:
        sets = [set(ngrams(answer, n)) for answer in answers]
        pairs = [len(a & b) / max(1, len(a | b)) for a, b in combinations(sets, 2)]
        if not pairs:
            raise ValueError(f"answers are compared in pairs: every prompt needs 2, got one with {len(answers)}")
        overlaps.append(sum(pairs) / len(pairs))
    return mean_with_error(overlaps)


@torch.inference_mode()
def answer_entropy(policy: nn.Module, rollout: Rollout) -> Mean:
    """How many nats of choice are in an answer: the exact entropy of every step, summed along the policy's own answers.

    e to this power is the number of equally likely answers that would be as varied.
    """
    sums: list[float] = []
    for part in pieces(rollout):
        log_probs = policy(part.ids[:, :-1]).log_softmax(dim=-1)
        steps = -(log_probs.exp() * log_probs).sum(dim=-1)
        sums += (steps * part.is_written[:, 1:]).sum(dim=1).tolist()
    return mean_with_error(sums)
