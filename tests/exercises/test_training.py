import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from helpers.corpora.documents import words_of
from helpers.exercises import training
from tests.exercises.trials import trials

CHECKS = {
    "n_windows": training.check_n_windows,
    "rows_for": training.check_rows_for,
    "whole_loss": training.check_whole_loss,
    "trapezoid": training.check_trapezoid,
    "adamw_step": training.check_adamw_step,
    "unheard_pairs": training.check_unheard_pairs,
}


def rows(n, threshold):
    return min((r for r in range(1, n + 1) if n % r == 0), key=lambda r: abs((r / n) ** (1 / r) - threshold))


def step(w, g, m, v, t, lr, decay=0.1, is_corrected=True, eps=1e-8):
    m, v = 0.9 * m + 0.1 * g, 0.95 * v + 0.05 * g**2
    a, b = (1 - 0.9**t, 1 - 0.95**t) if is_corrected else (1, 1)
    return w - lr * (m / a) / (math.sqrt(v / b) + eps) - lr * decay * w, m, v


def shares(texts, cut=lambda text: list(pairwise(words_of(text))), of_texts=set):
    pairs = [cut(text) for text in texts]
    holders = Counter(pair for row in pairs for pair in of_texts(row))
    return [sum(holders[pair] == 1 for pair in row) / max(1, len(row)) for row in pairs]


WRONG = [
    ("n_windows", lambda n, t: n // (t + 1), "begins with the last token of the one before"),
    ("n_windows", lambda n, t: n // t, "8,192 tokens hold 8,191 predictions"),
    ("n_windows", lambda n, t: -(-n // t), "got 3"),
    ("rows_for", lambda n, s: n // rows(n, s), "the number of bands"),
    ("rows_for", lambda n, s: min(range(1, n + 1), key=lambda r: abs((r / n) ** (1 / r) - s)), "leaves some over"),
    ("rows_for", lambda n, s: 8, "got 8 rows"),
    ("whole_loss", lambda losses, n: sum(losses) / len(losses), "the mean of the means"),
    ("whole_loss", lambda losses, n: sum(a * b for a, b in zip(losses, n, strict=True)), "the total surprise"),
    ("trapezoid", lambda s, n, w, d: min(1.0, s / w, (n - 1 - s) / d), "first step would be wasted"),
    ("trapezoid", lambda s, n, w, d: min(1.0, (s + 1) / w, (n - s) / d), "the last step is at 0"),
    ("trapezoid", lambda s, n, w, d: min(1.0, (s + 1) / w, (n - 1 - s) / (d + 5)), "the plateau lasts to step 79"),
    ("adamw_step", lambda *a: step(*a, is_corrected=False), "divide by 1 - beta"),
    ("adamw_step", lambda *a: step(*a, decay=0.0), "the decay is missing"),
    ("adamw_step", lambda *a: step(*a, decay=1.0), "multiplied by the learning rate"),
    ("adamw_step", lambda w, g, m, v, t, lr: (step(w, g, m, v, t, lr)[0], m, v), "plain running means"),
    ("adamw_step", lambda w, g, m, v, t, lr: step(w, g, m, v, 1, lr), "at step 2 torch is at"),
    ("unheard_pairs", lambda texts: shares(texts, words_of), "asked for are pairs"),
    ("unheard_pairs", lambda texts: shares(texts, of_texts=list), "count texts, not places"),
    ("unheard_pairs", lambda texts: [0.5], "one share for each text"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials(
    "05_training.ipynb", CHECKS, WRONG,
    math=math, Counter=Counter, pairwise=pairwise, words_of=words_of, Sequence=Sequence,
)  # fmt: skip
