import math

import torch

from helpers.corpora import tales
from helpers.exercises import gpt
from tests.exercises.trials import trials

CHECKS = {
    "block_parameters": gpt.check_block_parameters,
    "perplexity": gpt.check_perplexity,
    "window_mask": gpt.check_window_mask,
    "previous_token_score": gpt.check_previous_token_score,
    "first_slip": gpt.check_first_slip,
}


def causal(n):
    return torch.ones(n, n, dtype=torch.bool).tril()


def slip(text, offset=0):
    words = tales.words(text)
    for i, word in enumerate(words):
        if word not in tales.next_words(tales.join(words[:i])):
            return i + offset
    return len(words)


WRONG = [
    ("block_parameters", lambda d, f: 3 * d * d + 2 * d * f, "four matrices"),
    ("block_parameters", lambda d, f: 4 * d * d + 2 * d * f, "biases and the two norms"),
    ("block_parameters", lambda d, f: 4 * (d * d + d) + 2 * d * f + f + d, "each of the two norms"),
    ("block_parameters", lambda d, f: 12 * d * d + 13 * d + 1, "a block has 872 parameters, got 873"),
    ("block_parameters", lambda d, f: 12 * d * d + 13 * d if d == 8 else 0, "wrong at 768"),
    ("perplexity", lambda nats, n: nats / n, "the loss, in nats a token"),
    ("perplexity", lambda nats, n: math.exp(nats), "divide by the number of tokens first"),
    ("perplexity", lambda nats, n: 2 ** (nats / n), "nats go with e"),
    ("window_mask", lambda n, w: causal(n).float(), "masks are boolean"),
    ("window_mask", lambda n, w: causal(n)[0], "5 by 5"),
    ("window_mask", lambda n, w: ~(causal(n) & ~causal(n).tril(-w)), "inside out"),
    ("window_mask", lambda n, w: causal(n).tril(-1) & ~causal(n).tril(-w - 1), "is the diagonal in"),
    ("window_mask", lambda n, w: causal(n) & ~causal(n).tril(-w - 1), "the window counts itself"),
    ("window_mask", lambda n, w: (causal(n) & ~causal(n).tril(-w)).T, "rows are queries"),
    ("window_mask", lambda n, w: causal(n), "row 3 must look at positions 2 and 3 only"),
    ("previous_token_score", lambda w: w.diagonal(1).mean().item(), r"the entry is \[t, t-1\]"),
    ("previous_token_score", lambda w: w.diagonal(-1).sum().item() / len(w), "average over the others"),
    ("previous_token_score", lambda w: 2 * w.diagonal(-1).mean().item(), "scores 1, got 2"),
    ("first_slip", lambda text: slip(text, offset=1), "without the slip itself"),
    ("first_slip", lambda text: 7, "so 20 words were right; got 7"),
    ("first_slip", lambda text: 20, "a whole tale has no slip"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("03_gpt.ipynb", CHECKS, WRONG, math=math, tales=tales)
