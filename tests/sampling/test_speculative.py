from itertools import product

import pytest
import torch

from helpers.sampling import generate, next_token_probs, speculative
from helpers.sampling.speculative import _surplus
from tests.sampling.small_models import PairTable, chance, decoder

PROMPT = torch.tensor([[1, 2, 3]])


def exact_frequencies(model, prompt, n_new, vocab_size, **words):
    """The probability of every continuation, token by token."""
    texts = torch.tensor(list(product(range(vocab_size), repeat=n_new)))
    whole = torch.cat([prompt.expand(len(texts), -1), texts], dim=1)
    probs = next_token_probs(model(whole)[:, prompt.shape[1] - 1 : -1], **words)
    return probs.gather(-1, texts[..., None])[..., 0].prod(dim=1).detach()


@pytest.mark.parametrize(
    ("t", "k", "bound"), [(1.0, None, 54.1), (1.6, 2, 24.4)], ids=["plain", "filtered"]
)  # chi-square with 26 and 7 degrees of freedom: exceeded once in a thousand runs by chance
def test_every_text_is_as_likely_as_if_the_model_had_written_it_alone(t, k, bound):
    model, draft, n_runs = PairTable(3, seed=1), PairTable(3, seed=2), 1500
    chances, prompt, counts = chance(3), torch.tensor([[0]]), torch.zeros(27)
    n_kept = 0.0
    for _ in range(n_runs):
        written, rate = speculative(model, draft, prompt, 3, 2, temperature=t, top_k=k, generator=chances)
        counts[int(written[0, 0] * 9 + written[0, 1] * 3 + written[0, 2])] += 1
        n_kept += rate
    expected = n_runs * exact_frequencies(model, prompt, 3, 3, t=t, k=k)
    possible = expected > 0
    assert (counts[~possible] == 0).all()
    assert ((counts - expected)[possible] ** 2 / expected[possible]).sum() < bound
    assert 0.3 < n_kept / n_runs < 0.95  # some guesses were kept and some refused
    of_draft = n_runs * exact_frequencies(draft, prompt, 3, 3, t=t, k=k)
    assert ((counts - of_draft)[possible] ** 2 / of_draft[possible].clamp(min=1e-6)).sum() > 10 * bound


def test_one_kept_or_corrected_token_follows_the_models_distribution_exactly():
    p, q = torch.rand(2, 50, 7, generator=chance(), dtype=torch.float64).softmax(-1).unbind()
    p, q = p**4 / (p**4).sum(-1, keepdim=True), q**4 / (q**4).sum(-1, keepdim=True)
    for row_p, row_q in zip(p, q, strict=True):
        kept = row_q * (row_p / row_q).clamp(max=1)
        torch.testing.assert_close(kept + (1 - kept.sum()) * _surplus(row_p, row_q), row_p)


def test_where_rounding_leaves_no_surplus_the_models_own_distribution_stands():
    p = torch.tensor([0.5, 0.5])
    assert torch.equal(_surplus(p, p), p)


@pytest.mark.parametrize("n_ahead", [1, 3, 7])
def test_greedy_speculation_writes_what_the_model_writes_alone(n_ahead):
    model = decoder(seed=1)
    for draft in (decoder(seed=2), decoder(seed=1, std=0.79), decoder(seed=2, context_length=9)):
        written = speculative(model, draft, PROMPT, 21, n_ahead, temperature=0)
        assert torch.equal(written.ids, generate(model, PROMPT, 21, temperature=0))


def test_a_draft_equal_to_the_model_is_always_believed_and_a_strange_one_is_not():
    model = decoder()
    assert speculative(model, decoder(), PROMPT, 21, 4, generator=chance()).acceptance_rate == 1
    assert speculative(model, decoder(seed=5), PROMPT, 21, 4, generator=chance()).acceptance_rate < 0.7
    assert speculative(model, decoder(), PROMPT, 1, 4).acceptance_rate == 0  # nothing was drafted


def test_a_good_draft_saves_calls_of_the_model():
    model, calls = decoder(), []
    model.register_forward_hook(lambda *_: calls.append(1))
    assert speculative(model, decoder(), PROMPT, 20, 4, generator=chance()).ids.shape == (1, 20)
    assert len(calls) == 4  # five tokens a call: four guesses and the one that follows


def test_the_same_generator_writes_the_same_and_another_writes_otherwise():
    def write(seed, **words):
        return speculative(decoder(), decoder(seed=1), PROMPT, 15, 3, generator=chance(seed), **words).ids

    assert torch.equal(write(1), write(1))
    assert not torch.equal(write(1), write(2))
    assert torch.equal(write(1), write(1, use_cache=False))


def test_writing_ends_at_a_stop_token_and_at_the_context_length():
    model = decoder()
    for draft in (decoder(seed=1), decoder()):  # the second is always believed: stops stand amid what was kept
        free = speculative(model, draft, PROMPT, 100, 3, generator=chance()).ids
        assert free.shape == (1, 21)
        for stop in free[0, 2:8].tolist():
            stopped = speculative(model, draft, PROMPT, 100, 3, generator=chance(), stop=[stop]).ids
            assert torch.equal(stopped, free[:, : free[0].tolist().index(stop) + 1])


def test_both_models_go_back_to_training():
    model, draft = decoder().train(), decoder().train()
    written = speculative(model, draft, PROMPT, 5, 2).ids
    assert model.training
    assert draft.training
    model(written).sum().backward()  # what was written can be trained on


def test_senseless_requests_are_refused():
    model = decoder()
    for call, message in [
        (lambda: speculative(model, model, PROMPT.repeat(2, 1), 5, 2), "pass one prompt, got 2"),
        (lambda: speculative(model, model, PROMPT, 5, 0), "got n_ahead=0"),
        (lambda: speculative(model, decoder(vocab_size=12), PROMPT, 5, 2), "one vocabulary, got 13 and 12"),
        (lambda: speculative(model, model, PROMPT, 5, 2, top_p=0), "top_p.*got p=0"),
        (lambda: speculative(model, model, PROMPT.repeat(1, 9), 5, 2), "got a prompt of 27"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
