import math

import torch

from helpers.exercises import attention
from tests.exercises.trials import trials

CHECKS = {
    "cache_bytes": attention.check_cache_bytes,
    "hears": attention.check_hears,
    "online_logsumexp": attention.check_online_logsumexp,
    "fading": attention.check_fading,
    "covering": attention.check_covering,
}


def per_token(n_layers, n_kv_heads, d_head):
    return 4 * n_layers * n_kv_heads * d_head


def summed(windows):
    return 1 + sum(w - 1 for w in windows)


def running(tiles, rescale=True, first=True):
    largest, total = tiles[0].max(), torch.tensor(0.0)
    for scores in tiles:
        new = torch.maximum(largest, scores.max()) if first else scores.max()
        total = ((largest - new).exp() if rescale else 1) * total + (scores - new).exp().sum()
        largest = new
    return largest + total.log()


def faded(q, k, v, g, order):
    state, read = torch.zeros(q.shape[1], v.shape[1]), []
    for t in range(len(q)):
        for step in order:
            if step == "fade":
                state = g * state
            elif step == "add":
                state = state + torch.outer(k[t], v[t])
            else:
                read.append(q[t] @ state)
    return torch.stack(read)


def by_ratio(single, both):
    return max(both, key=lambda pair: both[pair] / sum(single[head] for head in pair))


WRONG = [
    ("cache_bytes", lambda n, layers, h, d, w=0: n * per_token(layers, h, d) // 2, "keys and values"),
    ("cache_bytes", lambda n, layers, h, d, w=0: n * per_token(layers, h, d) * 2, "two bytes, not four"),
    ("cache_bytes", lambda n, layers, h, d, w=0: n * per_token(1, h, d), "a cache of its own"),
    ("cache_bytes", lambda n, layers, h, d, w=0: 7, "131,072 bytes a token, got 7"),
    ("cache_bytes", lambda n, layers, h, d, w=0: per_token(layers, h, d), "1.25 GiB"),
    ("cache_bytes", lambda n, layers, h, d, w=0: n * per_token(layers, h, d), "the oldest tokens are forgotten"),
    ("cache_bytes", lambda n, layers, h, d, w=0: (w or n) * per_token(layers, h, d), "shorter than the window"),
    ("hears", lambda n, windows: min(n, sum(windows)), "adds w - 1 places"),
    ("hears", lambda n, windows: math.prod(windows), "do not multiply"),
    ("hears", lambda n, windows: summed(windows) - 1, "the place itself counts"),
    ("hears", lambda n, windows: 11, "got 11"),
    ("hears", lambda n, windows: 1 + len(windows) * (windows[0] - 1), "windows may differ"),
    ("hears", lambda n, windows: summed(windows), "no more than 6"),
    ("hears", lambda n, windows: min(n, summed(windows)), "sees everything"),
    ("online_logsumexp", lambda tiles: torch.cat(tiles).exp().sum(), "that is the sum"),
    ("online_logsumexp", lambda tiles: running(tiles, rescale=False), "must be rescaled"),
    ("online_logsumexp", lambda tiles: tiles[-1].logsumexp(0), "the last tile alone"),
    ("online_logsumexp", lambda tiles: torch.tensor(1.0), "ln 8 = 2.079, got 1.000"),
    ("online_logsumexp", lambda tiles: sum(t.exp().sum() for t in tiles).log(), "subtract the largest first"),
    ("online_logsumexp", lambda tiles: running(tiles, first=False), "keep the largest of both"),
    ("fading", lambda q, k, v, g: q[0], "one output a token"),
    ("fading", lambda q, k, v, g: faded(q, k, v, 1.0, ["add", "read"]), "nothing fades"),
    ("fading", lambda q, k, v, g: faded(q, k, v, g, ["add", "fade", "read"]), "fade first, then add"),
    ("fading", lambda q, k, v, g: faded(q, k, v, g, ["read", "fade", "add"]), "add before you read"),
    ("fading", lambda q, k, v, g: faded(q, k, v, g**2, ["fade", "add", "read"]), "the weight g to the n"),
    ("fading", lambda q, k, v, g: faded(q, k, v, 0.5, ["fade", "add", "read"]), "with g = 1 nothing fades"),
    ("covering", lambda single, both: max(both, key=both.get), "compare with the sum"),
    ("covering", lambda single, both: "a", "a pair of names"),
    ("covering", lambda single, both: ("a", "c"), "cover for each other"),
    ("covering", by_ratio, "not the ratio"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("06_attention.ipynb", CHECKS, WRONG)
