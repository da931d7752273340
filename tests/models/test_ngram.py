import math

import pytest

from helpers.models.ngram import NGram

ROWS = [[0, 1, 2, 1, 2, 3], [0, 2, 1, 2, 3]]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("context", [[0], [0, 1], [3, 3, 3]])
def test_probabilities_sum_to_one_after_any_context(order, context):
    model = NGram(order, vocab_size=5).fit(ROWS)
    assert math.fsum(model.prob(context, t) for t in range(5)) == pytest.approx(1)
    assert all(model.prob(context, t) > 0 for t in range(5))


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
