import torch

from helpers.exercises import sampling
from tests.exercises.trials import trials

CHECKS = {
    "heated": sampling.check_heated,
    "nucleus_size": sampling.check_nucleus_size,
    "acceptance": sampling.check_acceptance,
    "banned": sampling.check_banned,
    "typical": sampling.check_typical,
}


def powered(probs, exponent):
    return probs**exponent / (probs**exponent).sum()


def followers(text, n):
    return [text[i + n - 1] for i in range(len(text) - n + 1) if text[i : i + n - 1] == text[len(text) - n + 1 :]]


def keep(logits, order, n):
    kept = torch.full_like(logits, float("-inf"))
    kept[order[:n]] = logits[order[:n]]
    return kept


def by_distance(logits):
    log_p = logits.log_softmax(-1)
    order = (-log_p - torch.special.entr(log_p.exp()).sum()).abs().argsort()
    return order, log_p.exp()[order].cumsum(0)


def too_few(logits, mass):
    order, sums = by_distance(logits)
    return keep(logits, order, max(1, int((sums < mass).sum())))


def most_likely(logits, mass):
    probs, order = logits.softmax(-1).sort(descending=True)
    return keep(logits, order, int((probs.cumsum(0) < mass).sum()) + 1)


WRONG = [
    ("heated", lambda p, t: p[:2], "three come out"),
    ("heated", lambda p, t: p ** (1 / t), "must sum to 1 again"),
    ("heated", lambda p, t: powered(p, t), "the exponent is 1/t, not t"),
    ("heated", lambda p, t: (p / t).softmax(0), "treats probabilities as logits"),
    ("heated", lambda p, t: powered(p, 3), "temperature 0.5 squares"),
    ("heated", lambda p, t: powered(p, 2), "temperature 1 changes nothing"),
    ("nucleus_size", lambda p, t: int((p.sort(descending=True).values.cumsum(0) < t).sum()), "is kept, too"),
    ("nucleus_size", lambda p, t: int((p.cumsum(0) - p < t).sum()), "is the distribution sorted"),
    ("nucleus_size", lambda p, t: 6, "so 3 tokens stay; got 6"),
    ("nucleus_size", lambda p, t: 3, "the most likely token stays"),
    ("acceptance", lambda p, q: (p / q).clamp(max=1).sum() + 0.0, "weigh each by q"),
    ("acceptance", lambda p, q: (p * q).sum(), "by chance"),
    ("acceptance", lambda p, q: 1 - torch.minimum(p, q).sum(), "how often it is refused"),
    ("acceptance", lambda p, q: 0.6, "got 0.600"),
    ("acceptance", lambda p, q: 0.7, "always kept"),
    ("banned", lambda text, n: set(text), "only a whole run of n may not"),
    ("banned", lambda text, n: set(followers(text, n)[:1]), "not only the first"),
    ("banned", lambda text, n: set(followers(text, n)[-1:]), "not only the last"),
    ("banned", lambda text, n: {1}, "got {1}"),
    ("banned", lambda text, n: set(followers(text, 3)) if n == 3 else set(), "the last token alone decides"),
    ("typical", lambda logits, mass: logits[:2], "same shape"),
    ("typical", most_likely, "that is top-p"),
    ("typical", too_few, "the token that takes the sum past it stays"),
    ("typical", lambda logits, mass: logits, "nearest to the entropy"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("03b_sampling.ipynb", CHECKS, WRONG)
