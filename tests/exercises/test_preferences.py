import itertools
import math
from collections.abc import Sequence

import torch
from torch.nn.functional import logsigmoid

from helpers.exercises import preferences
from tests.exercises.trials import trials

CHECKS = {
    "best_accuracy": preferences.check_best_accuracy,
    "pairs_of": preferences.check_pairs_of,
    "advantages": preferences.check_advantages,
    "tilted_policy": preferences.check_tilted,
    "dpo_of": preferences.check_dpo,
    "leave_one_out": preferences.check_leave_one_out,
}


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def swept(rewards, values, weight, sign=1):
    """Advantages if a later surprise counts by `weight` for the tokens before."""
    after = [*values[1:], 0.0]
    surprises = [sign * (r + a - v) for r, a, v in zip(rewards, after, values, strict=True)]
    return [sum(weight ** (n - t) * surprises[n] for n in range(t, len(surprises))) for t in range(len(surprises))]


def backwards(rewards, values, weight):
    """The same with surprises that count for later tokens."""
    own = swept(rewards, values, 0.0)
    return [sum(weight ** (t - n) * own[n] for n in range(t + 1)) for t in range(len(own))]


def margin(c, r, cr, rr, beta):
    return beta * ((c - cr) - (r - rr))


def group_mean(scores, size):
    groups = scores.view(-1, size)
    return (groups - groups.mean(1, keepdim=True)).flatten()


WRONG = [
    ("best_accuracy", lambda d, t: sum(sigmoid(x / t) for x in d) / len(d), "whichever side it is on"),
    ("best_accuracy", lambda d, t: sum(sigmoid(abs(x) * t) for x in d) / len(d), "divided by it"),
    ("best_accuracy", lambda d, t: sum(sigmoid(abs(x)) for x in d) / len(d), "the noise is missing"),
    ("best_accuracy", lambda d, t: max(sigmoid(abs(x) / t) for x in d), "mean over all pairs"),
    ("pairs_of", lambda ranking: list(itertools.product(ranking, repeat=2)), "not compared with itself"),
    ("pairs_of", lambda ranking: list(itertools.permutations(ranking, 2)), "each pair counts once"),
    ("pairs_of", lambda ranking: list(itertools.pairwise(ranking)), "not only neighbours"),
    ("advantages", lambda r, v, w: swept(r, v, w, sign=-1), "turn the sign"),
    ("advantages", lambda r, v, w: swept(r, v, 1.0), "only a token's own surprise"),
    ("advantages", backwards, "not the other way round"),
    ("advantages", lambda r, v, w: swept(r, v, w * w), "weighs 0.9ⁿ"),
    ("tilted_policy", lambda p, r, b: (r / b).softmax(-1), "forgets the reference"),
    ("tilted_policy", lambda p, r, b: p * (r / b).exp(), "must sum to 1"),
    ("tilted_policy", lambda p, r, b: (p.log() + r * b).softmax(-1), "divided by β"),
    ("tilted_policy", lambda p, r, b: p * (r / b).exp() / (p * (r / b).exp()).sum(), "too large for a float"),
    ("dpo_of", lambda c, r, cr, rr, b: -logsigmoid(torch.tensor(b * (c - r))).item(), "where is the reference"),
    (
        "dpo_of",
        lambda c, r, cr, rr, b: -logsigmoid(-torch.tensor(margin(c, r, cr, rr, b))).item(),
        "the sign is turned",
    ),
    ("dpo_of", lambda c, r, cr, rr, b: -logsigmoid(torch.tensor(margin(c, r, cr, rr, 1))).item(), "beta is missing"),
    ("dpo_of", lambda c, r, cr, rr, b: math.log(1 + math.exp(min(-margin(c, r, cr, rr, b), 700))), "use logsigmoid"),
    ("leave_one_out", group_mean, "no judge of itself"),
    ("leave_one_out", lambda s, n: s - (s.sum() - s) / (len(s) - 1), "each group has its own mean"),
    ("leave_one_out", lambda s, n: group_mean(s, n) * 2, "in the first group"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials(
    "05c_preferences.ipynb", CHECKS, WRONG, itertools=itertools, math=math, logsigmoid=logsigmoid, Sequence=Sequence
)
