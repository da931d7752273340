import pytest
import torch
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from helpers.sampling import next_token_probs, temperature, top_k, top_p

LOGITS = 3 * torch.randn(6, 50, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("t", [0.3, 1.0, 1.7])
def test_temperature_equals_transformers(t):
    torch.testing.assert_close(temperature(LOGITS, t), TemperatureLogitsWarper(t)(None, LOGITS))


@pytest.mark.parametrize("k", [1, 7, 50, 80])
def test_top_k_equals_transformers(k):
    torch.testing.assert_close(top_k(LOGITS, k), TopKLogitsWarper(k)(None, LOGITS))


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9, 1.0])
def test_top_p_equals_transformers(p):
    theirs = LOGITS if p == 1.0 else TopPLogitsWarper(p)(None, LOGITS)
    torch.testing.assert_close(top_p(LOGITS, p), theirs)


def test_temperature_zero_and_top_one_are_argmax():
    for probs in (next_token_probs(LOGITS, t=0), next_token_probs(LOGITS, k=1)):
        assert torch.equal(probs.argmax(-1), LOGITS.argmax(-1))
        assert ((probs == 1).sum(-1) == 1).all()


def test_the_nucleus_is_the_smallest_set_that_reaches_p():
    probs = LOGITS.softmax(-1)
    kept = top_p(LOGITS, 0.8).isfinite()
    mass = (probs * kept).sum(-1)
    weakest = probs.masked_fill(~kept, 2).amin(-1)
    assert (mass >= 0.8 - 1e-6).all()
    assert (mass - weakest < 0.8).all()


def test_filters_keep_the_order_and_the_ratios_of_what_remains():
    kept = top_p(top_k(LOGITS, 10), 0.9)
    inside = kept.isfinite()
    assert torch.equal(kept[inside], LOGITS[inside])
    assert inside.sum() < LOGITS.numel()


def test_ties_at_the_last_place_all_stay():
    assert top_k(torch.tensor([2.0, 1.0, 1.0, 0.0]), 2).isfinite().tolist() == [True, True, True, False]


def test_senseless_settings_are_refused_with_the_value():
    for call, message in [
        (lambda: temperature(LOGITS, -0.5), "not be negative, got -0.5"),
        (lambda: temperature(LOGITS, float("nan")), "got nan"),
        (lambda: top_k(LOGITS, 0), "got k=0"),
        (lambda: top_p(LOGITS, 0.0), "got p=0.0"),
        (lambda: top_p(LOGITS, 1.5), "got p=1.5"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
