import json
import math
import re
from pathlib import Path

import pytest
import torch

from helpers.corpora import tales
from helpers.exercises import gpt

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_gpt.ipynb"
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


def solutions():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return re.findall(r"<summary>Solution</summary>\s*```python\n(.*?)```", text, re.S)


def named(source):
    """The function that a solution defines, and its name."""
    from jaxtyping import Bool, Float
    from torch import Tensor

    scope = {"math": math, "torch": torch, "tales": tales, "Bool": Bool, "Float": Float, "Tensor": Tensor}
    exec(source, scope)
    name = re.match(r"def (\w+)", source)[1]
    return name, scope[name]


def test_every_exercise_has_a_solution_in_the_notebook():
    assert {named(source)[0] for source in solutions()} == set(CHECKS)


@pytest.mark.parametrize("source", solutions(), ids=lambda s: named(s)[0])
def test_the_printed_solution_passes_its_check(source, capsys):
    name, solve = named(source)
    CHECKS[name](solve)
    assert capsys.readouterr().out == "Correct.\n"


@pytest.mark.parametrize("name", CHECKS)
def test_an_untouched_stub_neither_passes_nor_stops_the_notebook(name, capsys):
    CHECKS[name](lambda *arguments: None)
    assert capsys.readouterr().out.startswith("Not started")


@pytest.mark.parametrize(("name", "wrong", "hint"), WRONG)
def test_a_typical_mistake_is_named(name, wrong, hint):
    with pytest.raises(AssertionError, match=hint):
        CHECKS[name](wrong)
