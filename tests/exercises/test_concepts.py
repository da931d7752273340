import math
from collections import Counter

from helpers.exercises import concepts
from tests.exercises.trials import trials

CHECKS = {
    "cross_entropy": concepts.check_cross_entropy,
    "add_one": concepts.check_add_one,
    "bits_per_byte": concepts.check_bits_per_byte,
    "downhill": concepts.check_downhill,
    "pass_at_k": concepts.check_pass_at_k,
    "mixed_nats": concepts.check_mixed_nats,
}


def paid(truth, belief, log=math.log2):
    return -sum(p * log(belief[word]) for word, p in truth.items() if p)


def mixed(first, second, share):
    return [share * p + (1 - share) * q for p, q in zip(first, second, strict=True)]


WRONG = [
    ("cross_entropy", lambda t, b: -paid(t, b), "turn the sign"),
    ("cross_entropy", lambda t, b: paid(t, b, math.log), "that is in nats"),
    ("cross_entropy", lambda t, b: -sum(map(math.log2, b.values())) / len(b), "weigh each surprise by the truth"),
    ("cross_entropy", lambda t, b: paid(t, t), "the truth's entropy"),
    ("cross_entropy", lambda t, b: paid(b, t), "truth and belief are swapped"),
    ("cross_entropy", lambda t, b: 1.9, "costs 2.354 bits"),
    ("cross_entropy", lambda t, b: paid(t, b) if t != b else 0.1, "pays its entropy"),
    ("add_one", lambda f, w, v: f[w] / f.total(), "plain counting"),
    ("add_one", lambda f, w, v: (f[w] + 1) / (f.total() + 1), "Each of the vocabulary's words"),
    ("add_one", lambda f, w, v: (f[w] + 1) / (f.total() + len(f)), "the vocabulary has six"),
    ("add_one", lambda f, w, v: (f[w] + 1) / f.total(), "the total grows"),
    ("add_one", lambda f, w, v: 0.4, "has 1 of 10, got 0.4"),
    ("bits_per_byte", lambda nats, text: nats / math.log(2) / len(text), "encode the text"),
    ("bits_per_byte", lambda nats, text: nats / len(text.encode()), "nats per byte"),
    ("bits_per_byte", lambda nats, text: nats * math.log(2) / len(text.encode()), "the other way round"),
    ("bits_per_byte", lambda nats, text: nats / math.log(2), "share it among the bytes"),
    ("downhill", lambda z, o, lr: z + lr * (z.softmax(0) - o), "uphill"),
    ("downhill", lambda z, o, lr: z - lr * (z - o), "logits are no odds yet"),
    ("downhill", lambda z, o, lr: z.softmax(0) - o, "that is the gradient"),
    ("downhill", lambda z, o, lr: z - 2 * lr * (z.softmax(0) - o), "expected"),
    ("pass_at_k", lambda n, c, k: 1 - (1 - c / n) ** k, "with putting back"),
    ("pass_at_k", lambda n, c, k: k * c / n, "counts the pairs with two right answers twice"),
    ("pass_at_k", lambda n, c, k: math.comb(n - c, k) / math.comb(n, k), "one minus it"),
    ("pass_at_k", lambda n, c, k: 24 / 45, "nothing to find"),
    ("mixed_nats", lambda p, q, s: sum(map(math.log, mixed(p, q, s))), "turn the sign"),
    ("mixed_nats", lambda p, q, s: -sum(map(math.log, mixed(p, q, s))) / len(p), "the total was asked for"),
    ("mixed_nats", lambda p, q, s: 1.0, "mix the odds of each word first"),
    ("mixed_nats", lambda p, q, s: -sum(map(math.log, mixed(q, p, s))), "share belongs to the first model"),
]

(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("01_concepts.ipynb", CHECKS, WRONG, math=math, Counter=Counter)
