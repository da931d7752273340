import pytest
import torch

from helpers.models import Decoder, DecoderConfig, EncoderDecoder, EncoderDecoderConfig
from helpers.models.pretrained import from_hugging_face
from helpers.sampling import draw, generate, next_token_probs, stream
from helpers.sampling.language_model import check_can_write
from helpers.sampling.prompts import padded_look
from tests.sampling.small_models import SIZES, PairTable, chance, decoder, noisy, peer

PROMPT = torch.tensor([[1, 2, 3], [3, 2, 1]])
RAGGED = [[5, 1, 7, 2, 9, 4], [3], torch.tensor([8, 8, 0, 12]), [11, 6]]


@pytest.fixture(scope="module")
def model():
    return decoder()


def test_cached_writing_equals_uncached_token_by_token(model):
    for t in (0, 1.0):
        with_cache = generate(model, PROMPT, 20, temperature=t, generator=chance())
        without = generate(model, PROMPT, 20, temperature=t, generator=chance(), use_cache=False)
        assert torch.equal(with_cache, without)


def test_the_same_generator_writes_the_same_and_another_writes_otherwise(model):
    first = generate(model, PROMPT, 20, generator=chance(1))
    assert torch.equal(first, generate(model, PROMPT, 20, generator=chance(1)))
    assert not torch.equal(first, generate(model, PROMPT, 20, generator=chance(2)))


def test_a_generator_of_its_own_leaves_all_other_chance_alone(model):
    before = torch.get_rng_state()
    generate(model, PROMPT, 5, generator=chance())
    assert torch.equal(torch.get_rng_state(), before)


def test_temperature_zero_and_top_one_write_the_most_likely_token(model):
    greedy = generate(model, PROMPT, 20, temperature=0)
    text = PROMPT
    for _ in range(20):
        text = torch.cat([text, model(text)[:, -1].argmax(-1, keepdim=True)], dim=1)
    assert torch.equal(greedy, text[:, 3:])
    assert torch.equal(generate(model, PROMPT, 20, top_k=1), greedy)
    assert torch.equal(generate(model, PROMPT, 20, temperature=1e-6), greedy)


def test_frequencies_follow_the_distribution(model):
    prompts = PROMPT[:1].repeat(20_000, 1)
    drawn = generate(model, prompts, 1, temperature=1.5, top_k=5, repetition_penalty=1.3, generator=chance())[:, 0]
    probs = next_token_probs(model(PROMPT[:1])[0, -1], 1.5, 5, penalty=1.3, seen=PROMPT[0])
    expected = probs * len(drawn)
    counts = drawn.bincount(minlength=13)
    assert (counts[expected == 0] == 0).all()
    kept = expected > 0
    chi_square = ((counts - expected)[kept] ** 2 / expected[kept]).sum()
    assert chi_square < 18.5  # 4 degrees of freedom: exceeded once in a thousand runs by chance


@pytest.mark.equals("helpers.sampling.draw.draw", "torch.multinomial", "the tokens drawn with the same generator")
def test_a_draw_equals_that_of_multinomial():
    probs = torch.randn(200, 40, generator=chance()).softmax(-1)
    assert torch.equal(draw(probs, chance(3)), torch.multinomial(probs, 1, generator=chance(3))[:, 0])


def test_the_penalty_counts_what_was_written_too(model):
    def n_distinct(penalty):
        return len(generate(model, PROMPT[:1], 10, temperature=0, repetition_penalty=penalty).unique())

    assert n_distinct(1.0) < n_distinct(1000.0) == 10  # a positive logit all but vanishes: no token comes twice


def test_the_filters_narrow_what_is_written(model):
    def n_written(**words):
        return len(generate(model, PROMPT.repeat(100, 1), 1, generator=chance(), **words).unique())

    free = n_written()
    assert n_written(top_p=0.3) < free
    assert n_written(min_p=0.6) < free
    assert n_written(top_k=2) < free


def test_a_row_ends_at_its_stop_token_and_the_others_go_on(model):
    prompts, stop = PROMPT.repeat(4, 1), 5
    free = generate(model, prompts, 20, generator=chance())
    stopped = generate(model, prompts, 20, generator=chance(), stop=[stop])
    ends = [row.tolist().index(stop) if stop in row else len(row) for row in free]
    assert min(ends) < 5
    assert max(ends) > 10
    for row, plain, end in zip(stopped, free, ends, strict=True):
        assert torch.equal(row[:end], plain[:end])
        assert (row[end:] == stop).all()


def test_writing_ends_when_all_rows_have_stopped(model):
    greedy = generate(model, PROMPT[:1], 10, temperature=0)[0].tolist()
    stop = greedy[3]
    assert generate(model, PROMPT[:1], 10, temperature=0, stop=[stop]).shape[1] == greedy.index(stop) + 1


def test_a_stop_token_at_the_end_of_the_prompt_stops_nothing(model):
    free = generate(model, PROMPT, 5, generator=chance())
    last = int(PROMPT[0, -1])
    assert last not in free[0, :1]
    assert torch.equal(generate(model, PROMPT, 1, generator=chance(), stop=[last]), free[:, :1])


def test_writing_ends_at_the_context_length(model):
    assert generate(model, PROMPT, 100).shape == (2, 21)
    assert generate(model, torch.zeros(1, 24, dtype=torch.long), 5).shape == (1, 0)


def test_a_sliding_model_sees_the_newest_tokens_only(model):
    text = torch.randint(13, (2, 20), generator=chance(4))
    written = generate(model, text, 30, temperature=0, repetition_penalty=1.5, slide=True)
    for step in range(30):
        logits = model(text[:, -24:])[:, -1]
        probs = next_token_probs(logits, t=0, penalty=1.5, seen=text)
        assert torch.equal(written[:, step], probs.argmax(-1))
        text = torch.cat([text, written[:, step : step + 1]], dim=1)
    words = dict(temperature=0, repetition_penalty=1.5, slide=True, use_cache=False)
    assert torch.equal(generate(model, text[:, :20], 30, **words), written)


def test_a_prompt_longer_than_the_context_needs_to_slide(model):
    text = torch.randint(13, (1, 30), generator=chance(5))
    with pytest.raises(ValueError, match=r"24 tokens long, got a prompt of 30.*slide=True"):
        generate(model, text, 5)
    expected = generate(model, text[:, -24:], 5, temperature=0, slide=True)
    assert torch.equal(generate(model, text, 5, temperature=0, slide=True), expected)


FAMILIES = [
    dict(positions="learned"),
    dict(positions="sinusoidal"),
    dict(positions="rope", n_kv_heads=1),
    dict(positions="alibi"),
    dict(positions="t5"),
    dict(positions="rope", window=5),
]


@pytest.mark.parametrize("words", FAMILIES, ids=lambda words: "-".join(map(str, words.values())))
@pytest.mark.parametrize("use_cache", [True, False], ids=["cached", "uncached"])
def test_prompts_of_different_lengths_are_continued_as_if_alone(words, use_cache):
    model = decoder(seed=1, **words)
    options = dict(temperature=0, repetition_penalty=3.0, use_cache=use_cache)  # the penalty: padding is not seen
    together = generate(model, RAGGED, 18, **options)
    for row, prompt in zip(together, RAGGED, strict=True):
        alone = generate(model, torch.as_tensor(prompt)[None], 18, **options)[0]
        assert torch.equal(row, alone)
    assert len(together.unique()) > 8  # texts that only repeat themselves would prove little
    sliding = generate(model, RAGGED, 40, slide=True, **options)
    for row, prompt in zip(sliding, RAGGED, strict=True):
        assert torch.equal(row, generate(model, torch.as_tensor(prompt)[None], 40, slide=True, **options)[0])


def test_padding_sees_only_itself_and_nobody_sees_padding():
    mask, positions = padded_look(torch.tensor([0, 2]), past=1, end=4)
    assert mask[0, 0].int().tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert mask[1, 0].int().tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]
    assert positions.tolist() == [[1, 2, 3], [0, 0, 1]]


@pytest.mark.equals(
    "helpers.sampling.generate.generate",
    "transformers.GPT2LMHeadModel.generate",
    "tokens written greedily after prompts of different lengths, padded on the left",
)
def test_padded_prompts_are_continued_as_by_transformers():
    theirs = peer(std=0.3)
    ours = from_hugging_face(theirs)
    padded = torch.tensor([[0, 0, 0, 3, 7], [5, 28, 14, 2, 11], [0, 9, 9, 1, 20]])
    mask = torch.tensor([[0, 0, 0, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 1]])
    options = dict(max_new_tokens=30, do_sample=False, eos_token_id=None, pad_token_id=0)
    expected = theirs.generate(padded, attention_mask=mask, **options)[:, 5:]
    prompts = [row[kept.bool()] for row, kept in zip(padded, mask, strict=True)]
    assert torch.equal(generate(ours, prompts, 30, temperature=0), expected)


def test_prompts_of_one_length_need_no_model_that_takes_a_mask():
    model = PairTable(vocab_size=7)
    written = generate(model, torch.tensor([[1, 2], [3, 4]]), 6, temperature=0)
    assert torch.equal(generate(model, [[1, 2], [3, 4]], 6, temperature=0), written)
    with pytest.raises(ValueError, match=r"PairTable takes no mask and positions.*one length"):
        generate(model, [[1, 2], [3]], 6)


def test_an_encoder_decoder_bound_to_its_source_is_written_with_like_any_model():
    config = EncoderDecoderConfig(**SIZES)
    reading = noisy(EncoderDecoder(config)).reading(torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]]))
    start = torch.tensor([[0], [0]])
    written = generate(reading, start, 20, temperature=0, repetition_penalty=1.3)
    assert torch.equal(written, generate(reading, start, 20, temperature=0, repetition_penalty=1.3, use_cache=False))
    assert not torch.equal(written[0], written[1])  # the source has a say


def test_a_stream_gives_each_token_before_the_next_one_is_asked_for():
    model, calls = decoder(), []
    model.register_forward_hook(lambda *_: calls.append(1))
    steps = stream(model, PROMPT, 10, generator=chance())
    assert not calls
    first, second = next(steps), next(steps)
    assert len(calls) == 2
    rest = list(steps)
    expected = generate(model, PROMPT, 10, generator=chance())
    assert torch.equal(torch.stack([first, second, *rest], dim=1), expected)


def test_a_model_in_training_goes_back_to_training_even_from_a_stream_left_early():
    model = decoder().train()
    generate(model, PROMPT, 2)
    assert model.training
    assert model.blocks[0].training
    steps = stream(model, PROMPT, 20)
    next(steps)
    assert not model.training
    steps.close()
    assert model.training
    for _ in stream(model, PROMPT, 20):
        break
    assert model.training
    with pytest.raises(ValueError, match="ids must be"):
        generate(model, torch.tensor([[99]]), 2)
    assert model.training
    generate(model.eval(), PROMPT, 2)
    assert not model.training


def test_the_caller_of_a_stream_can_compute_gradients_and_train_on_what_was_written():
    model = decoder()
    for drawn in stream(model, PROMPT, 2):
        model(drawn[:, None]).sum().backward()
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
    written = generate(model, PROMPT, 5)
    model(written).sum().backward()
    assert model.token_embedding.weight.grad.abs().sum() > 0


def test_senseless_requests_are_refused_before_anything_is_written(model):
    for call, message in [
        (lambda: stream(model, PROMPT[:, :0], 5), "at least one token"),
        (lambda: stream(model, [[1, 2], []], 5), "at least one token.*lengths \\[2, 0\\]"),
        (lambda: stream(model, [], 5), "a batch is a list of prompts"),
        (lambda: stream(model, PROMPT, -1), "n_new counts.*got -1"),
        (lambda: stream(model, PROMPT, 5, temperature=-1), "temperature.*got -1"),
        (lambda: stream(model, PROMPT, 5, temperature=0, top_k=0), "top_k.*got k=0"),
        (lambda: stream(model, PROMPT, 5, top_p=2.0), "top_p.*got p=2.0"),
        (lambda: stream(model, PROMPT, 5, min_p=-0.1), "min_p.*got p_base=-0.1"),
        (lambda: stream(model, PROMPT, 5, repetition_penalty=0), "repetition_penalty.*got 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_two_streams_of_one_model_and_parts_in_evaluation_end_as_they_began():
    model = Decoder(DecoderConfig(vocab_size=9, context_length=8, d_model=8, n_layers=2, n_heads=2)).train()
    model.blocks[0].eval()
    a, b = stream(model, [[1]], 2), stream(model, [[1]], 4)
    next(a), next(b)
    list(a)
    list(b)
    assert model.training
    assert not model.blocks[0].training


def test_what_cannot_write_by_itself_says_how_to():
    words = EncoderDecoderConfig(vocab_size=9, context_length=8, d_model=8, n_layers=1, n_heads=2)
    model, source = EncoderDecoder(words).eval(), torch.tensor([[1, 2]])
    with pytest.raises(TypeError, match=r"generate\(model.reading\(source_ids\), ...\)"):
        check_can_write(model)
    generate(model.reading(source), [[1]], 2)
    assert not model.training
