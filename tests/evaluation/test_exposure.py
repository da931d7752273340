import math

import pytest
import torch

from helpers.evaluation.exposure import code_log_probs, exposure
from helpers.models import Decoder, DecoderConfig


def test_the_first_guess_has_all_bits_and_the_last_has_none():
    log_probs = torch.tensor([-3.0, -1.0, -2.0, -4.0])
    assert [exposure(log_probs, i) for i in (1, 2, 3)] == [2.0, 1.0, 0.0]
    assert exposure(log_probs, 0) == pytest.approx(2 - math.log2(3))


def test_a_model_that_learned_nothing_gives_about_one_and_a_half_bits():
    """The mean of log₂ N − log₂ rank over random ranks is log₂ e for many candidates."""
    random = torch.rand(4000, generator=torch.Generator().manual_seed(0))
    mean = sum(exposure(random, i) for i in range(4000)) / 4000
    assert mean == pytest.approx(math.log2(math.e), abs=0.01)


def test_a_secret_that_is_no_candidate_is_refused():
    with pytest.raises(ValueError, match="one of the 3 candidates, got number 3"):
        exposure(torch.zeros(3), 3)


def test_codes_by_the_chain_rule_are_what_the_model_gives_to_each_whole_code():
    torch.manual_seed(0)
    model = Decoder(DecoderConfig(vocab_size=12, context_length=8, d_model=16, n_layers=1, n_heads=2)).eval()
    digits, prompt = [5, 3, 7], [1, 2]
    of_all = code_log_probs(model, prompt, digits, 2)
    assert of_all.shape == (9,)
    codes = [(a, b) for a in digits for b in digits]
    for code, log_p in zip(codes, of_all.tolist(), strict=True):
        after = model(torch.tensor([[*prompt, *code]]))[0].log_softmax(-1)
        assert log_p == pytest.approx((after[1, code[0]] + after[2, code[1]]).item(), abs=1e-5)
