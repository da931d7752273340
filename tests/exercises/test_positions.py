import math

import torch

from helpers import records
from helpers.exercises import positions
from helpers.positions import alibi_slopes
from tests.exercises.trials import trials

CHECKS = {
    "place": positions.check_place,
    "slopes": positions.check_slopes,
    "bucket": positions.check_bucket,
    "unseen": positions.check_unseen,
    "stretched_base": positions.check_stretched_base,
    "half_free": positions.check_half_free,
}


def unclamped(distance, n, longest):
    half = n // 2
    return distance if distance < half else half + int(half * math.log(distance / half) / math.log(longest / half))


def periods(d, base):
    return [2 * math.pi * base ** (2 * i / d) for i in range(d // 2)]


WRONG = [
    ("place", lambda share: round(1 / share), "counted from 0"),
    ("place", lambda share: 1 - share, "share of the others"),
    ("place", lambda share: 1 / share - 1, "a whole number"),
    ("place", lambda share: 3, "stands at position 0"),
    ("slopes", lambda n: 2.0 ** -torch.arange(1.0, n + 1), "right for eight heads only"),
    ("slopes", lambda n: 2.0 ** (-8 * torch.arange(n) / n), "counted from 1"),
    ("slopes", lambda n: -alibi_slopes(n), "slopes are positive"),
    ("slopes", lambda n: alibi_slopes(4), "not for sixteen"),
    ("bucket", lambda distance, n, longest: min(distance, n - 1), "they widen"),
    ("bucket", unclamped, "runs past the last bucket"),
    ("bucket", lambda distance, n, longest: distance // 2, "each distance has its own"),
    ("unseen", lambda d, base, length: sum(p / 2 / math.pi > length for p in periods(d, base)), "a turn is 2π"),
    ("unseen", lambda d, base, length: sum(p <= length for p in periods(d, base)), "that do finish a turn"),
    ("unseen", lambda d, base, length: 5, "LLaMA 1 has 23"),
    ("stretched_base", lambda base, factor, d: base * factor, "slows the slowest pair by less"),
    ("stretched_base", lambda base, factor, d: base * factor ** ((d - 2) / d), "the other way up"),
    ("stretched_base", lambda base, factor, d: base * factor**2, "at d = 128"),
    ("half_free", lambda n: torch.cat((alibi_slopes(n)[: n // 2], torch.zeros(n // 2))), "span the whole range"),
    ("half_free", lambda n: alibi_slopes(n), "the second half is free"),
    ("half_free", lambda n: torch.cat((alibi_slopes(4), torch.zeros(4))), "not for two"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("07_positions.ipynb", CHECKS, WRONG, math=math, alibi_slopes=alibi_slopes)


def test_half_of_the_heads_free_ends_as_the_solution_says():
    runs = records.load("positional_laboratory")["values"]["schemes"]["alibi, half of the heads free"].values()
    assert all(round(run["excess"][-1], 1) == 0.4 for run in runs)
    assert sorted(min(run["found"]) > 0.95 for run in runs) == [False, True, True]
    third = min((run["found"] for run in runs), key=sum)
    assert min(third[:3]) >= 0.5 > 0.15 > max(third[5:])  # at 1, 2, 4 words; from 32 words on
