import math

from helpers.exercises import llama
from helpers.models import DecoderConfig
from tests.exercises.trials import trials

CHECKS = {
    "rms_norm": llama.check_rms_norm,
    "gated_width": llama.check_gated_width,
    "kept_bytes": llama.check_kept_bytes,
    "break_even": llama.check_break_even,
    "pooled": llama.check_pooled,
}


def all_bytes(c, n, heads=None):
    return 4 * c.n_layers * (heads or c.n_kv_heads) * c.d_head * n


def grouped(w, heads, groups):
    return w.view(groups, heads // groups, -1, w.shape[1])


WRONG = [
    ("rms_norm", lambda x, eps: x.norm(), "keeps its place"),
    ("rms_norm", lambda x, eps: (x - x.mean(-1, True)) / (x.var(-1, keepdim=True) + 1e-5), "no mean is subtracted"),
    ("rms_norm", lambda x, eps: x / x.norm(dim=-1, keepdim=True), "not their sum"),
    ("rms_norm", lambda x, eps: x / x.square().mean(-1, keepdim=True), "the root is missing"),
    ("rms_norm", lambda x, eps: x / x.square().mean().sqrt(), "of its own"),
    ("rms_norm", lambda x, eps: x / (x.square().mean(-1, keepdim=True).sqrt() + eps), "under the root"),
    ("gated_width", lambda d: 4 * d, "two thirds"),
    ("gated_width", lambda d: 256 * (8 * d // 3 // 256), "rounds up"),
    ("gated_width", lambda d: 8 * d // 3, "multiple of 256"),
    ("gated_width", lambda d: 256 * (8 * d // 3 // 256 + 1), "it stays"),
    ("kept_bytes", lambda c, n: all_bytes(c, n) // 2, "two bytes"),
    ("kept_bytes", lambda c, n: all_bytes(c, n, c.n_heads), "not n_heads"),
    ("kept_bytes", lambda c, n: all_bytes(c, n) // c.n_layers, "every layer"),
    ("kept_bytes", all_bytes, "a window of 4"),
    ("kept_bytes", lambda c, n: all_bytes(c, c.window or n), "all tokens read"),
    ("break_even", lambda n, d, m, e: 6 * (n * d - m * e) / (m - n), "a served token costs 2"),
    ("break_even", lambda n, d, m, e: (n * d - m * e) / (m - n), "three to one"),
    ("break_even", lambda n, d, m, e: 3 * (n * d - m * e) / (n - m), "turn the sign"),
    ("break_even", lambda n, d, m, e: 3 * (n * d - m * e) / m, "the difference of the sizes"),
    ("break_even", lambda n, d, m, e: 3 * (n * d - m * e) / (m - n), "so the answer is 0"),
    ("pooled", lambda w, h, g: w.mean(0), "two heads of two rows"),
    ("pooled", lambda w, h, g: w.view(h // g, g, -1, w.shape[1]).mean(0).flatten(0, 1), "holds neighbours"),
    ("pooled", lambda w, h, g: grouped(w, h, g).sum(1).flatten(0, 1), "take the mean"),
    ("pooled", lambda w, h, g: w.view(h, -1, w.shape[1]).mean(1), "row by row"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("04_llama.ipynb", CHECKS, WRONG, math=math, DecoderConfig=DecoderConfig)
