import math
from fractions import Fraction
from itertools import pairwise
from pydoc_data.topics import topics

import pytest
import torch

from helpers.models.ngram import AddAlpha, Interpolated, KneserNey, NGram, suffixes
from helpers.sampling import generate, next_token_probs

ROWS = [[0, 1, 2, 1, 2, 3], [0, 2, 1, 2, 3]]
KINDS = [NGram, AddAlpha, Interpolated, KneserNey]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("context", [[0], [0, 1], [1, 2, 1], [3, 3, 3]])
def test_probabilities_sum_to_one_after_any_context(kind, order, context):
    model = kind(order, vocab_size=5).fit(ROWS)
    assert math.fsum(model.prob(context, t) for t in range(5)) == pytest.approx(1)
    assert all(model.prob(context, t) > 0 for t in range(5))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_whole_distribution_holds_the_probability_of_every_token(kind, order):
    model = kind(order, vocab_size=5).fit(ROWS)
    for context in ([0], [1, 2], [4, 4, 4]):
        assert model.probs(context).tolist() == pytest.approx([model.prob(context, t) for t in range(5)])


@pytest.mark.parametrize("kind", KINDS)
def test_asking_teaches_nothing(kind):
    model = kind(3, vocab_size=5).fit(ROWS)
    before = len(model.counts), len(model.totals)
    model.probs([4, 4])
    model.nats([4, 3, 4, 0])
    assert (len(model.counts), len(model.totals)) == before


def test_a_unigram_forgets_the_context_and_a_bigram_uses_one_token_of_it():
    unigram, bigram = NGram(1, 5).fit(ROWS), NGram(2, 5).fit(ROWS)
    assert unigram.prob([1], 2) == unigram.prob([3, 2], 2)
    assert bigram.prob([1], 2) != bigram.prob([2], 2)
    assert bigram.prob([0, 1], 2) == bigram.prob([3, 1], 2)


def test_a_bigram_equals_its_formula():
    model = NGram(2, vocab_size=5, strength=0.5).fit(ROWS)
    unigram_2 = (4 + 0.5 / 5) / (9 + 0.5)  # the 2 follows four times in nine predictions
    assert model.prob([1], 2) == pytest.approx((3 + 0.5 * unigram_2) / (3 + 0.5))


def test_nats_follow_the_chain_rule_and_a_longer_memory_predicts_better():
    row = [0, *[1, 1, 2] * 20]  # what follows a 1 is known from two tokens, not from one
    models = [NGram(n, 5).fit([row]) for n in (1, 2, 3)]
    by_hand = -sum(math.log(models[1].prob(row[:i], row[i])) for i in range(1, len(row)))
    assert models[1].nats(row) == pytest.approx(by_hand)
    nats = [m.nats(row) for m in models]
    assert nats[0] > nats[1] > nats[2]


def test_order_zero_is_refused():
    with pytest.raises(ValueError, match="order=0"):
        NGram(0, 5)


def test_with_no_strength_counts_are_believed_as_they_are():
    model = NGram(2, vocab_size=5, strength=0).fit(ROWS)
    assert model.probs([1]).tolist() == [0, 0, 1, 0, 0]
    assert model.probs([2]).tolist() == [0, 0.5, 0, 0.5, 0]
    assert model.nats([0, 1, 3]) == math.inf  # never seen, so impossible
    assert model.probs([4]).tolist() == NGram(1, 5, strength=0).fit(ROWS).probs([]).tolist()  # 4 itself never seen


def test_add_alpha_equals_its_formula():
    model = AddAlpha(2, vocab_size=5, alpha=0.5).fit(ROWS)
    assert model.prob([2], 3) == pytest.approx((2 + 0.5) / (4 + 5 * 0.5))
    assert model.probs([4]).tolist() == pytest.approx([1 / 5] * 5)


def test_interpolation_equals_its_formula():
    model = Interpolated(2, vocab_size=5, share=0.25).fit(ROWS)
    unigram_3 = 0.75 * 2 / 9 + 0.25 / 5  # the 3 follows twice in nine predictions
    assert model.prob([2], 3) == pytest.approx(0.75 * 2 / 4 + 0.25 * unigram_3)
    assert model.prob([4], 3) == pytest.approx(unigram_3)


def kneser_ney(rows, order, vocab_size, discount, context, token):
    """Chen and Goodman's interpolated form by counting sets, in fractions; −1 fills up the start of a row."""
    rows = [[-1] * (order - 2) + row for row in rows]
    grams = [tuple(row[i : i + order]) for row in rows for i in range(len(row) - order + 1)]
    p = Fraction(1, vocab_size)
    for n in range(1, order + 1):
        kinds = grams if n == order else [gram[-n:] for gram in {gram[-n - 1 :] for gram in grams}]
        after = [gram[-1] for gram in kinds if gram[:-1] == tuple(context[len(context) - n + 1 :])]
        if after:
            kept = max(after.count(token) - discount, 0)
            p = (kept + discount * len(set(after)) * p) / len(after)
    return p


@pytest.mark.parametrize("order", [2, 3, 4])
def test_kneser_ney_equals_its_formula(order):
    rows = [[0, 1, 2, 1, 2, 3, 0, 1, 3], [0, 2, 1, 2, 3, 1, 2, 1], [0, 3, 3, 2]]
    model = KneserNey(order, vocab_size=5, discount=0.75).fit(rows)
    for context in ([-1, 0, 1], [0, 1, 2], [2, 1, 2], [4, 4, 3]):
        for token in range(5):
            expected = kneser_ney(rows, order, 5, Fraction(3, 4), context, token)
            assert model.prob([t for t in context if t >= 0], token) == pytest.approx(float(expected))


def test_a_word_that_follows_one_word_only_is_not_expected_after_an_unknown_one():
    san, francisco, the, new = 0, 1, 2, 3  # "San Francisco" five times, "the", "new" after many words
    rows = [[san, francisco]] * 5 + [[word, the] for word in (4, 5, 6)] + [[word, new] for word in (4, 5)]
    plain, kneser_ney = (kind(2, vocab_size=9).fit(rows) for kind in (NGram, KneserNey))
    assert plain.prob([8], francisco) > plain.prob([8], the)
    assert kneser_ney.prob([8], francisco) < kneser_ney.prob([8], new) < kneser_ney.prob([8], the)
    assert kneser_ney.prob([san], francisco) > 0.8


def test_kneser_ney_predicts_unseen_english_best_and_a_longer_memory_does_not_hurt_it():
    text = " ".join(topics[name] for name in sorted(topics))[:6_000]
    letters = sorted(set(text))
    ids = [letters.index(letter) for letter in text]
    seen, unseen = ids[:5_000], ids[5_000:]

    def bits(kind, order):
        return kind(order, len(letters)).fit([seen]).bits(unseen) / len(unseen)

    at_five = {kind: bits(kind, 5) for kind in KINDS}
    assert min(at_five, key=at_five.get) is KneserNey
    assert at_five[KneserNey] < bits(KneserNey, 3)
    assert at_five[AddAlpha] > bits(AddAlpha, 3)  # while this one drowns in what it never saw


def test_bits_are_nats_over_ln_2():
    model = NGram(2, vocab_size=4, strength=0).fit([[0, 1], [0, 2]])
    assert model.bits([0, 1]) == pytest.approx(1)  # one of two
    assert model.nats([0, 1]) == pytest.approx(math.log(2))


@pytest.mark.parametrize("kind", KINDS)
def test_as_logits_its_distributions_are_those_of_a_language_model(kind):
    model, ids = kind(3, vocab_size=5).fit(ROWS), torch.tensor([[0, 1, 2, 1], [2, 2, 0, 3]])
    logits = model(ids)
    assert logits.shape == (2, 4, 5)
    probs = next_token_probs(logits)
    for row in range(2):
        for i in range(4):
            torch.testing.assert_close(probs[row, i], model.probs(ids[row, : i + 1].tolist()).float())


def test_what_a_bigram_writes_holds_only_pairs_it_has_counted():
    model = NGram(2, vocab_size=5, strength=0).fit([*ROWS, [3, 0]])  # so that every token has a follower
    text = generate(model, torch.tensor([[0]] * 12), 12, generator=torch.Generator().manual_seed(0))
    pairs = {pair for row in text.tolist() for pair in pairwise([0, *row])}
    assert pairs == {pair for row in [*ROWS, [3, 0]] for pair in pairwise(row)}


def test_sampling_an_ngram_with_and_without_a_cache_is_the_same():
    model, prompt = KneserNey(3, vocab_size=5).fit(ROWS), torch.tensor([[0, 1]])
    texts = [
        generate(model, prompt, 20, generator=torch.Generator().manual_seed(7), use_cache=c) for c in (True, False)
    ]
    assert torch.equal(*texts)


def test_suffixes_go_from_nothing_to_everything():
    assert suffixes((4, 7)) == [(), (7,), (4, 7)]


def test_numbers_that_make_no_sense_are_refused():
    for build, message in [
        (lambda: NGram(2, 5, strength=-1), "must not be negative, got -1"),
        (lambda: Interpolated(2, 5, share=1), "from 0 to below 1, got 1"),
        (lambda: KneserNey(2, 5, discount=0), "above 0 and up to 1, got 0"),
        (lambda: NGram(2, 5).fit([[0, 5]]), "ids must be from 0 to 4, got 0 to 5"),
        (lambda: NGram(2, 5).fit([[-1, 3]]), "ids must be from 0 to 4, got -1 to 3"),
    ]:
        with pytest.raises(ValueError, match=message):
            build()
