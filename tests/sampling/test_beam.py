from itertools import product

import pytest
import torch

from helpers.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from helpers.models.pretrained import from_hugging_face
from helpers.sampling import beam_search, generate
from tests.sampling.small_models import SIZES, PairTable, decoder, noisy, peer

STOPS = {"none": [], "some": list(range(1, 29, 4)), "half": list(range(14))}
PROMPT = torch.tensor([[1, 2, 3], [3, 2, 1], [7, 7, 0]])


def log_prob(model, prompt, written):
    """The log-probability of one continuation in nats, by a single call on the whole text."""
    text = torch.cat([prompt, written])
    log_probs = model(text[None])[0].log_softmax(-1)[len(prompt) - 1 : -1]
    return log_probs.gather(-1, written[:, None]).sum()


@pytest.mark.equals(
    "helpers.sampling.beam.beam_search",
    "transformers.GPT2LMHeadModel.generate",
    "all beams and their scores, with and without stop tokens and length penalties",
)
@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("n_beams", [2, 4])
def test_beams_and_scores_equal_transformers(n_beams, length_penalty, stop):
    theirs = peer(std=0.6)
    ours = from_hugging_face(theirs)
    options = dict(num_return_sequences=n_beams, return_dict_in_generate=True, output_scores=True, do_sample=False)
    expected = theirs.generate(
        PROMPT,
        attention_mask=torch.ones_like(PROMPT),
        num_beams=n_beams,
        max_new_tokens=14,
        length_penalty=length_penalty,
        eos_token_id=stop or None,
        pad_token_id=28,
        **options,
    )
    found = beam_search(ours, PROMPT, 14, n_beams, length_penalty=length_penalty, stop=stop)
    torch.testing.assert_close(found.scores(length_penalty).flatten(), expected.sequences_scores)
    for ids, length, text in zip(
        found.ids.flatten(0, 1), found.lengths.flatten(), expected.sequences[:, 3:], strict=True
    ):
        assert torch.equal(ids[:length], text[:length])
        assert (text[length:] == 28).all()


def test_texts_of_many_lengths_are_compared_with_transformers():
    model = from_hugging_face(peer(std=0.6))
    lengths = [beam_search(model, PROMPT, 14, 4, stop=stop).lengths.flatten() for stop in STOPS.values()]
    assert {1, 2, 3, 7, 10, 14} <= set(torch.cat(lengths).tolist())


def test_as_many_beams_as_texts_find_the_best_of_all_texts():
    model, prompt = decoder(vocab_size=4), torch.tensor([[1, 2]])
    found = beam_search(model, prompt, 3, 4**3)
    every = torch.tensor(list(product(range(4), repeat=3)))
    expected = torch.stack([log_prob(model, prompt[0], text) for text in every])
    best, order = expected.sort(descending=True)
    torch.testing.assert_close(found.log_probs[0], best)
    assert torch.equal(found.ids[0], every[order])


def test_more_beams_find_a_text_at_least_as_likely_and_here_a_likelier_one():
    model = decoder(seed=2, std=0.4)
    likelihoods = torch.stack([beam_search(model, PROMPT, 10, k).log_probs[:, 0] for k in (1, 8)])
    assert (likelihoods[1] >= likelihoods[0]).all()
    assert (likelihoods[1] > likelihoods[0] + 0.01).any()


@pytest.mark.parametrize("words", [{}, dict(positions="rope", window=4), dict(positions="alibi")], ids=str)
def test_one_beam_is_greedy(words):
    model = decoder(**words)
    greedy = generate(model, PROMPT, 15, temperature=0)
    assert torch.equal(beam_search(model, PROMPT, 15, 1).ids[:, 0], greedy)
    stop = int(greedy[0, 4])
    stopped = beam_search(model, PROMPT, 15, 1, stop=[stop])
    expected = generate(model, PROMPT, 15, temperature=0, stop=[stop])
    assert torch.equal(stopped.ids[:, 0], expected)


def test_log_probabilities_are_those_of_the_texts_in_nats():
    model = decoder(std=0.4)
    found = beam_search(model, PROMPT, 12, 3, stop=[4, 9])
    for prompt, texts, log_probs, lengths in zip(PROMPT, *found, strict=True):
        for text, value, length in zip(texts, log_probs, lengths, strict=True):
            torch.testing.assert_close(value, log_prob(model, prompt, text[:length]))
            assert (text[length:] == text[length - 1]).all()


def test_a_batch_is_searched_row_by_row_also_when_prompts_differ_in_length():
    model, prompts = decoder(seed=1, std=0.4, positions="rope"), [[5, 1, 7, 2], [3], [8, 8, 0]]
    together = beam_search(model, prompts, 12, 4, stop=[6])
    for i, prompt in enumerate(prompts):
        alone = beam_search(model, [prompt], 12, 4, stop=[6])
        width = alone.ids.shape[2]
        torch.testing.assert_close(together.log_probs[i], alone.log_probs[0])
        assert torch.equal(together.ids[i, :, :width], alone.ids[0])


def test_a_longer_text_wins_when_the_length_penalty_grows():
    model = decoder(std=0.4)
    lengths = [
        beam_search(model, PROMPT, 15, 4, length_penalty=penalty, stop=range(6)).lengths[:, 0].sum()
        for penalty in (0.0, 1.0, 4.0)
    ]
    assert lengths[0] <= lengths[1] < lengths[2]


def test_beams_of_a_translation_belong_to_their_source():
    model, sources = noisy(EncoderDecoder(EncoderDecoderConfig(**SIZES))), torch.tensor([[1, 2, 3], [9, 4, 11]])
    start = torch.tensor([[0], [0]])
    together = beam_search(model.reading(sources), start, 10, 3)
    for i in range(2):
        alone = beam_search(model.reading(sources[i : i + 1]), start[:1], 10, 3)
        assert torch.equal(together.ids[i], alone.ids[0])
        torch.testing.assert_close(together.log_probs[i], alone.log_probs[0])
    assert not torch.equal(together.ids[0], together.ids[1])


def test_the_search_ends_at_the_context_length_and_any_language_model_will_do():
    assert beam_search(PairTable(5, context_length=8), PROMPT[:, :3] % 5, 100, 2).ids.shape == (3, 2, 5)
    full = beam_search(PairTable(5, context_length=3), PROMPT % 5, 100, 2)
    assert full.ids.shape == (3, 1, 0)
    assert (full.log_probs == 0).all()  # to write nothing is certain


def test_a_search_leaves_the_model_as_it_was_and_refuses_senseless_requests():
    model = decoder().train()
    beam_search(model, PROMPT, 2, 2)
    assert model.training
    with pytest.raises(ValueError, match="at least one beam, got n_beams=0"):
        beam_search(model, PROMPT, 2, 0)
    with pytest.raises(ValueError, match="got a prompt of 30"):
        beam_search(model, torch.zeros(1, 30, dtype=torch.long), 2, 2)
