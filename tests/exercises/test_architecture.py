import math

import torch

from helpers.attention import causal_mask
from helpers.exercises import architecture
from tests.exercises.trials import trials

CHECKS = {
    "decoder_layer_parameters": architecture.check_decoder_layer_parameters,
    "likeness": architecture.check_likeness,
    "target_mask": architecture.check_target_mask,
    "alignment_share": architecture.check_alignment_score,
    "attention_flops": architecture.check_attention_flops,
}


def layer(d, f, n_attentions=2, n_norms=3, biases=1):
    attention = n_attentions * (4 * d * d + biases * 4 * d)
    return attention + 2 * d * f + biases * (f + d) + n_norms * 2 * d


def waves(k, d, function=math.cos, step=2):
    return sum(function(k / 10000 ** (step * i / d)) for i in range(d // 2))


def share(weights, links, of=None):
    hits = [int(row.argmax()) in at for row, at in zip(weights, links, strict=True) if at]
    return sum(hits) / (of or len(hits))


WRONG = [
    ("decoder_layer_parameters", lambda d, f: layer(d, f, 1, 2), "that is an encoder layer"),
    ("decoder_layer_parameters", lambda d, f: layer(d, f, 1, 3), "the second looks at the source"),
    ("decoder_layer_parameters", lambda d, f: layer(d, f, 2, 2), "so three norms"),
    ("decoder_layer_parameters", lambda d, f: 8 * d * d + 2 * d * f, "the biases and the norms are missing"),
    ("decoder_layer_parameters", lambda d, f: layer(d, f) + 1, "a decoder layer has"),
    ("decoder_layer_parameters", lambda d, f: layer(d, 4 * d) if d == 8 else 0, "wrong at 512"),
    ("likeness", lambda k, d: 2 * waves(k, d), r"there are d_model / 2 pairs"),
    ("likeness", lambda k, d: 0.0, "so 8; got 0"),
    ("likeness", lambda k, d: waves(k, d) if k == 0 else waves(k, d, math.sin), "not the sine"),
    ("likeness", lambda k, d: waves(k, d, step=1), "mind the 2"),
    ("likeness", lambda k, d: waves(k, d) if k != 3 else 1.0, "places 2 and 5"),
    ("likeness", lambda k, d: waves(k, d) if k >= 0 else 0.0, "which place is first"),
    ("target_mask", lambda m: (causal_mask(m.shape[1]) & m[:, None, :]).float(), "masks are boolean"),
    ("target_mask", lambda m: causal_mask(m.shape[1]), "one mask for each row"),
    ("target_mask", lambda m: m[:, None, :], "make 2 by 4 by 4"),
    ("target_mask", lambda m: m[:, None, :] & torch.ones(4, 4, dtype=torch.bool), "looks ahead"),
    ("target_mask", lambda m: causal_mask(4) & torch.ones(2, 4, 4, dtype=torch.bool), "looks at the filler"),
    ("target_mask", lambda m: causal_mask(4) & m[:, None, :] & m[:, :, None], "keys, not queries"),
    ("alignment_share", lambda w, at: share(w, at, of=len(at)), "leave them out"),
    ("alignment_share", lambda w, at: share(w, at, of=1), "the score is their share"),
    ("alignment_share", lambda w, at: share(w, [a[:1] for a in at]), "any of them is right"),
    ("alignment_share", lambda w, at: 0.9, "two of three"),
    ("attention_flops", lambda n, d: 4 * n * d * d + 2 * n * n * d, "count both"),
    ("attention_flops", lambda n, d: 8 * n * d * d, "four matrices and"),
    ("attention_flops", lambda n, d: n * (8 * d * d + 4 * d), "n² scores"),
    ("attention_flops", lambda n, d: 8 * d * d + 4 * n * n * d, "at every place"),
]

(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("02_architecture.ipynb", CHECKS, WRONG, math=math, causal_mask=causal_mask)
