import math

import pytest
import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from helpers.sampling import min_p, next_token_probs, repetition_penalty, temperature, top_k, top_p
from tests.sampling.small_models import chance, peer

LOGITS = 3 * torch.randn(6, 50, generator=chance())
TIED = torch.randint(-3, 4, (6, 50), generator=chance(1)).float()  # seven values for fifty tokens
SEEN = torch.randint(50, (6, 20), generator=chance(2))  # some tokens twice


@pytest.mark.equals("helpers.sampling.filters.temperature", "transformers.TemperatureLogitsWarper", "logits")
@pytest.mark.parametrize("t", [0.3, 1.0, 1.7])
def test_temperature_equals_transformers(t):
    torch.testing.assert_close(temperature(LOGITS, t), TemperatureLogitsWarper(t)(None, LOGITS))


@pytest.mark.equals("helpers.sampling.filters.top_k", "transformers.TopKLogitsWarper", "logits, with and without ties")
@pytest.mark.parametrize("logits", [LOGITS, TIED], ids=["distinct", "tied"])
@pytest.mark.parametrize("k", [1, 7, 50, 80])
def test_top_k_equals_transformers(k, logits):
    torch.testing.assert_close(top_k(logits, k), TopKLogitsWarper(k)(None, logits))


@pytest.mark.equals("helpers.sampling.filters.top_p", "transformers.TopPLogitsWarper", "logits, with and without ties")
@pytest.mark.parametrize("logits", [LOGITS, TIED], ids=["distinct", "tied"])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.9, 1.0])
def test_top_p_equals_transformers(p, logits):
    theirs = logits if p == 1.0 else TopPLogitsWarper(p)(None, logits)
    torch.testing.assert_close(top_p(logits, p), theirs)


@pytest.mark.equals("helpers.sampling.filters.min_p", "transformers.MinPLogitsWarper", "logits, with and without ties")
@pytest.mark.parametrize("logits", [LOGITS, TIED], ids=["distinct", "tied"])
@pytest.mark.parametrize("p_base", [0.01, 0.1, 0.5, 1.0])
def test_min_p_equals_transformers(p_base, logits):
    torch.testing.assert_close(min_p(logits, p_base), MinPLogitsWarper(p_base)(None, logits))


@pytest.mark.equals(
    "helpers.sampling.filters.repetition_penalty", "transformers.RepetitionPenaltyLogitsProcessor", "logits"
)
@pytest.mark.parametrize("penalty", [0.5, 1.0, 1.2, 3.0])
def test_repetition_penalty_equals_transformers(penalty):
    theirs = RepetitionPenaltyLogitsProcessor(penalty)(SEEN, LOGITS)
    torch.testing.assert_close(repetition_penalty(LOGITS, SEEN, penalty), theirs)


CHAIN = dict(t=2.0, k=8, p=0.9, p_base=0.2, penalty=1.5, seen=SEEN)


@pytest.mark.equals(
    "helpers.sampling.filters.next_token_probs", "transformers.LogitsProcessorList", "all filters in a chain"
)
def test_all_filters_in_a_chain_equal_transformers():
    filters = [RepetitionPenaltyLogitsProcessor(1.5), TemperatureLogitsWarper(2.0), TopKLogitsWarper(8)]
    theirs = LogitsProcessorList([*filters, TopPLogitsWarper(0.9), MinPLogitsWarper(0.2)])
    torch.testing.assert_close(next_token_probs(LOGITS, **CHAIN), theirs(SEEN, LOGITS).softmax(-1))


def test_every_filter_of_the_chain_has_a_say():
    probs = next_token_probs(LOGITS, **CHAIN)
    for name, off in dict(t=1.0, k=None, p=None, p_base=None, penalty=1.0).items():
        assert not torch.allclose(next_token_probs(LOGITS, **CHAIN | {name: off}), probs), name


@pytest.mark.equals(
    "helpers.sampling.filters.next_token_probs",
    "transformers.GPT2LMHeadModel.generate",
    "the distribution that is drawn from, all filters on",
)
def test_the_order_of_the_filters_is_that_of_transformers_generate():
    model, prompt = peer(std=0.6), torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]])
    words = dict(temperature=1.6, top_k=12, top_p=0.85, min_p=0.2, repetition_penalty=1.7)
    options = dict(max_new_tokens=1, return_dict_in_generate=True, output_scores=True, pad_token_id=0)
    theirs = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=True, **options, **words)
    with torch.inference_mode():
        logits = model(prompt).logits[:, -1]
    ours = next_token_probs(logits, t=1.6, k=12, p=0.85, p_base=0.2, penalty=1.7, seen=prompt)
    torch.testing.assert_close(ours, theirs.scores[0].softmax(-1))


def test_temperature_zero_and_top_one_are_argmax():
    for probs in (next_token_probs(LOGITS, t=0), next_token_probs(LOGITS, k=1), next_token_probs(LOGITS, p_base=1.0)):
        assert torch.equal(probs.argmax(-1), LOGITS.argmax(-1))
        assert ((probs == 1).sum(-1) == 1).all()


def test_the_nucleus_is_the_smallest_set_that_reaches_p():
    probs = LOGITS.softmax(-1)
    kept = top_p(LOGITS, 0.8).isfinite()
    mass = (probs * kept).sum(-1)
    weakest = probs.masked_fill(~kept, 2).amin(-1)
    assert (mass >= 0.8 - 1e-6).all()
    assert (mass - weakest < 0.8).all()


def test_min_p_keeps_many_tokens_when_the_model_doubts_and_few_when_it_is_sure():
    n_kept = [min_p(LOGITS * sharpness, 0.1).isfinite().sum().item() for sharpness in (0, 0.2, 1, 10)]
    assert n_kept[0] == LOGITS.numel()
    assert n_kept == sorted(n_kept, reverse=True)
    assert len(set(n_kept)) == 4


def test_a_repeated_token_loses_whatever_the_sign_of_its_logit_and_pays_once():
    logits = torch.tensor([2.0, -2.0, 2.0, -2.0, 1.0])
    assert repetition_penalty(logits, torch.tensor([0, 1, 0, 0]), 2.0).tolist() == [1.0, -4.0, 2.0, -2.0, 1.0]


def test_filters_keep_the_order_and_the_ratios_of_what_remains():
    kept = min_p(top_p(top_k(LOGITS, 10), 0.9), 0.1)
    inside = kept.isfinite()
    assert torch.equal(kept[inside], LOGITS[inside])
    assert 0 < inside.sum() < LOGITS.numel()


def test_ties_at_the_last_place_all_stay():
    assert top_k(torch.tensor([2.0, 1.0, 1.0, 0.0]), 2).isfinite().tolist() == [True, True, True, False]
    assert min_p(torch.tensor([2.0, 2.0, 1.0]), 1.0).isfinite().tolist() == [True, True, False]


def test_filters_leave_the_logits_they_were_given_alone():
    before = LOGITS.clone()
    next_token_probs(LOGITS, **CHAIN)
    assert torch.equal(LOGITS, before)


def test_senseless_settings_are_refused_with_the_value():
    for call, message in [
        (lambda: temperature(LOGITS, -0.5), "not be negative, got -0.5"),
        (lambda: temperature(LOGITS, float("nan")), "got nan"),
        (lambda: top_k(LOGITS, 0), "got k=0"),
        (lambda: top_p(LOGITS, 0.0), "got p=0.0"),
        (lambda: top_p(LOGITS, 1.5), "got p=1.5"),
        (lambda: min_p(LOGITS, 0.0), "got p_base=0.0"),
        (lambda: min_p(LOGITS, math.nan), "got p_base=nan"),
        (lambda: repetition_penalty(LOGITS, SEEN, 0.0), "positive, got 0.0"),
        (lambda: next_token_probs(LOGITS, penalty=1.2), "needs the ids seen so far"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_at_temperature_zero_one_token_is_left_even_of_two_that_tie():
    assert (temperature(torch.tensor([1.0, 3.0, 3.0]), 0) > float("-inf")).tolist() == [False, True, False]
