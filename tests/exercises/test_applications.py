import math
from collections.abc import Callable

from helpers.exercises import applications
from tests.exercises.trials import trials

CHECKS = {
    "mean_reciprocal_rank": applications.check_mean_reciprocal_rank,
    "right_among_surest": applications.check_right_among_surest,
    "next_letters": applications.check_next_letters,
    "visitors_needed": applications.check_visitors_needed,
    "cited_answer": applications.check_cited_answer,
}


def ranks(found, right, first=1):
    return [
        next((1 / (place + first) for place, name in enumerate(names) if name in wanted), 0.0)
        for names, wanted in zip(found, right, strict=True)
    ]


def surest(confidence, is_right, coverage, *, in_order=True, to=math.ceil):
    order = sorted(range(len(confidence)), key=lambda i: -confidence[i]) if in_order else range(len(confidence))
    kept = list(order)[: max(1, to(coverage * len(confidence)))]
    return sum(is_right[i] for i in kept) / len(kept)


def followers(written, options):
    return {option[len(written) :][:1] for option in options if option.startswith(written)}


def citing(hits, read, margin):
    second = hits[1][1] if len(hits) > 1 else 0.0
    if not hits or 1 - second / hits[0][1] < margin:
        return None, None
    return next(((read(n), n) for n, _ in hits if read(n) is not None), (None, None))


WRONG = [
    ("mean_reciprocal_rank", lambda f, r: sum(ranks(f, r)) / sum(x > 0 for x in ranks(f, r)), "counts, too, with 0"),
    ("mean_reciprocal_rank", lambda f, r: sum(x > 0 for x in ranks(f, r)) / len(f), "that is the recall"),
    ("mean_reciprocal_rank", lambda f, r: sum(ranks(f, r)), "divide by the number of questions"),
    ("mean_reciprocal_rank", lambda f, r: 1 / 3, "counted from 1"),
    ("mean_reciprocal_rank", lambda f, r: sum(ranks(f, r, 2)) / len(f), "their mean 0.5"),
    ("mean_reciprocal_rank", lambda f, r: 0.5, "the first alone counts"),
    ("right_among_surest", lambda c, r, s: surest(c, r, s, in_order=False), "sort by confidence first"),
    ("right_among_surest", lambda c, r, s: sum(r) / len(r), "only the surest half"),
    ("right_among_surest", lambda c, r, s: 0.25, "cases that were kept"),
    ("right_among_surest", lambda c, r, s: surest(c, r, s, to=math.floor), "rounded up three"),
    ("right_among_surest", lambda c, r, s: 0.5 if s == 0.5 else 2 / 3, "at least the surest one"),
    ("next_letters", lambda w, o: {x for t in o if t.startswith(w) for x in t[len(w) :]}, "only the very next letter"),
    ("next_letters", lambda w, o: {w[-1:]}, "the letter just written"),
    ("next_letters", lambda w, o: followers(w, o) | {""}, "the word may not end here"),
    ("next_letters", lambda w, o: {"l"}, 'after "g" come r and o'),
    ("next_letters", lambda w, o: followers(w, o) - {""}, "the word may also end"),
    ("visitors_needed", lambda p, q: 16 * 0.025 * 0.975 / abs(p - q), "the difference is squared"),
    ("visitors_needed", lambda p, q: 7800, "both groups together"),
    ("visitors_needed", lambda p, q: 16 / (p - q) ** 2, "multiply by p"),
    ("visitors_needed", lambda p, q: round(16 * p * (1 - p) / (p - q) ** 2), "the mean of both shares"),
    ("visitors_needed", lambda p, q: 3900, "round up"),
    ("cited_answer", lambda h, read, m: ("red", 0), "cite the number of the passage"),
    ("cited_answer", lambda h, read, m: (None, None), "enough for a margin"),
    ("cited_answer", lambda h, read, m: citing(h, read, 0.0), "is less than a margin of 0.3"),
    ("cited_answer", lambda h, read, m: (x := citing(h[:1], read, 0), x if m < 0.3 else (None, None))[1], "read on"),
    ("cited_answer", lambda h, read, m: citing(h, read, m) if h else ("", 0), "without hits"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("08_applications.ipynb", CHECKS, WRONG, math=math, Callable=Callable)
