import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.sampling import generate, next_token_probs

CONFIG = DecoderConfig(vocab_size=13, context_length=24, d_model=16, n_layers=2, n_heads=2)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    decoder = Decoder(CONFIG).eval()
    for p in decoder.parameters():  # large weights: a distribution with a shape, which differs at every step
        torch.nn.init.normal_(p, std=0.5)
    return decoder


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


PROMPT = torch.tensor([[1, 2, 3], [3, 2, 1]])


def test_cached_writing_equals_uncached_token_by_token(model):
    for t in (0, 1.0):
        with_cache = generate(model, PROMPT, 20, temperature=t, generator=chance())
        without = generate(model, PROMPT, 20, temperature=t, generator=chance(), use_cache=False)
        assert torch.equal(with_cache, without)


def test_the_same_generator_writes_the_same_and_another_writes_otherwise(model):
    first = generate(model, PROMPT, 20, generator=chance(1))
    assert torch.equal(first, generate(model, PROMPT, 20, generator=chance(1)))
    assert not torch.equal(first, generate(model, PROMPT, 20, generator=chance(2)))


def test_frequencies_follow_the_distribution(model):
    prompts = PROMPT[:1].repeat(20_000, 1)
    drawn = generate(model, prompts, 1, temperature=1.5, top_k=5, generator=chance())[:, 0]
    probs = next_token_probs(model(PROMPT[:1])[0, -1], 1.5, 5)
    expected = probs * len(drawn)
    counts = drawn.bincount(minlength=13)
    assert (counts[expected == 0] == 0).all()
    kept = expected > 0
    chi_square = ((counts - expected)[kept] ** 2 / expected[kept]).sum()
    assert chi_square < 18.5  # 4 degrees of freedom: exceeded once in a thousand runs by chance


def test_a_row_ends_at_its_stop_token_and_the_others_go_on(model):
    prompts, stop = PROMPT.repeat(4, 1), 5
    free = generate(model, prompts, 20, generator=chance())
    stopped = generate(model, prompts, 20, generator=chance(), stop=[stop])
    ends = [row.tolist().index(stop) if stop in row else len(row) for row in free]
    assert min(ends) < 15 < max(ends)  # some rows end early while others go on
    for row, plain, end in zip(stopped, free, ends, strict=True):
        assert torch.equal(row[:end], plain[:end])
        assert (row[end:] == stop).all()


def test_writing_ends_at_the_context_length(model):
    assert generate(model, PROMPT, 100).shape == (2, 21)
    assert generate(model, torch.zeros(1, 24, dtype=torch.long), 5).shape == (1, 0)


def test_an_empty_prompt_is_refused(model):
    with pytest.raises(ValueError, match="at least one token"):
        generate(model, PROMPT[:, :0], 5)


def test_a_model_in_training_goes_back_to_training(model):
    model.train()
    generate(model, PROMPT, 2)
    assert model.training
    model.eval()
