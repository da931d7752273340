import re

import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.sampling import can_begin, constrained, generate
from helpers.tokenizers import BPETokenizer

TOKENIZER = BPETokenizer.train('{"count": 3} {"count": 12} "item"', n_merges=20)
FORM = r'\{"count": [1-9][0-9]?\}'


def untrained(seed):
    torch.manual_seed(seed)
    return Decoder(DecoderConfig(TOKENIZER.vocab_size, context_length=64, d_model=16, n_layers=1, n_heads=2)).eval()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_model_thinks_the_text_has_the_form(seed):
    text = constrained(untrained(seed), TOKENIZER, [5, 7], FORM, TOKENIZER.eot_id)
    assert re.fullmatch(FORM, text)


def test_a_form_that_allows_everything_changes_nothing():
    n_compared = 0
    for seed in range(40):
        model = untrained(seed)
        free = TOKENIZER.decode(generate(model, [[5, 7]], 4, temperature=0.0)[0].tolist())
        if free.isascii() and "<|" not in free:
            n_compared += 1
            with pytest.raises(ValueError, match=re.escape(repr(free))):
                constrained(model, TOKENIZER, [5, 7], r"[\s\S]{99}", TOKENIZER.eot_id, n_new=4)
    assert n_compared > 3


def test_beginnings_are_told_from_dead_ends():
    assert can_begin("", FORM)
    assert can_begin('{"cou', FORM)
    assert can_begin('{"count": 12}', FORM)
    assert not can_begin('{"count": 0', FORM)
    assert not can_begin('{"count": 123', FORM)


def test_a_form_that_nothing_can_fill_and_one_that_is_too_long_are_refused():
    with pytest.raises(ValueError, match="no token can follow"):
        constrained(untrained(0), TOKENIZER, [5], "é", TOKENIZER.eot_id)
    with pytest.raises(ValueError, match="more than 5 tokens"):
        constrained(untrained(0), TOKENIZER, [5], "[0-9]{30}", TOKENIZER.eot_id, n_new=5)
