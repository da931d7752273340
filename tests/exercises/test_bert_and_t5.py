from helpers.exercises import bert_and_t5
from tests.exercises.trials import trials

CHECKS = {
    "target_length": bert_and_t5.check_target_length,
    "weigh": bert_and_t5.check_weigh,
    "restore": bert_and_t5.check_restore,
    "whole_words": bert_and_t5.check_whole_words,
    "generation": bert_and_t5.check_generation,
}


def products(left, right):
    return {word: p * right[word] for word, p in left.items()}


def normal(values):
    return {word: p / sum(values.values()) for word, p in values.items()}


def mean(left, right):
    right = normal(right)
    return {word: (p + right[word]) / 2 for word, p in left.items()}


def in_order(source, target, marks):
    """Spans by the order of the marks, not by the marks."""
    spans = []
    for i in target:
        if i in marks:
            spans.append([])
        else:
            spans[-1].append(i)
    rest = iter(spans)
    return [j for i in source for j in (next(rest) if i in marks else [i])]


def limits_open(n):
    return 1 + sum(n > limit for limit in (10**8, 10**10, 10**11))


WRONG = [
    ("target_length", lambda n: round(0.15 * n), "each span has a mark"),
    ("target_length", lambda n: round(round(0.15 * n) / 3), "the number of spans"),
    ("target_length", lambda n: round(0.15 * n) + round(round(0.15 * n) / 3), "one more mark"),
    ("target_length", lambda n: n - round(0.15 * n) + 4, "the length of the source"),
    ("target_length", lambda n: int(0.15 * n) + int(0.15 * n / 3) + 1, "wrong at 512"),
    ("weigh", lambda left, right: 0.5, "a dict from word to probability"),
    ("weigh", products, "divide by their sum"),
    ("weigh", lambda left, right: dict(right), "sum to one, got"),
    ("weigh", mean, "do not average"),
    ("weigh", lambda left, right: normal(right), "the left side is missing"),
    ("weigh", lambda left, right: dict(left), "'she' has 0.3 of 0.36"),
    ("restore", lambda s, t, m: s, "a mark is left"),
    ("restore", lambda s, t, m: [i for i in s + t if i not in m], "the spans stand at the end"),
    ("restore", lambda s, t, m: [1, 5, 4, 2, 3], "the spans are exchanged"),
    ("restore", lambda s, t, m: [1, 2], "the text is 1 2 3 4 5"),
    ("restore", in_order, "look each one up"),
    ("whole_words", lambda pieces, chosen: sorted(chosen), "only the chosen pieces"),
    ("whole_words", lambda pieces, chosen: [0, 4, 5], "go left"),
    ("whole_words", lambda pieces, chosen: [0, 3, 4], "goes on after"),
    ("whole_words", lambda pieces, chosen: list(range(6)), "the three pieces of 'umbrella'"),
    ("whole_words", lambda pieces, chosen: [0, 3, 4, 5] if 4 in chosen else [1], "brings along the rest"),
    ("generation", lambda n: 4, "the third bin"),
    ("generation", lambda n: 3 if n > 10**10 else 1, "whatever the table says"),
    ("generation", lambda n: max(2, limits_open(n)), "bins count from 1"),
    ("generation", lambda n: min(3, limits_open(n)), "the fourth bin"),
    ("generation", limits_open, "compare with >="),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("02b_bert_and_t5.ipynb", CHECKS, WRONG)
