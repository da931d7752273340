import math
from collections import Counter

import pytest

from helpers.corpora.mixture import (
    GPT3,
    GPT3_TOKENS_BILLIONS,
    LLAMA,
    LLAMA_TOKENS_BILLIONS,
    Mixture,
    epochs,
    explicit_weights,
    tempered_weights,
    token_sizes,
)

SIZES = {"web": 900.0, "books": 90.0, "facts": 10.0}
TEXTS = {source: [f"{source} {i}" for i in range(20)] for source in SIZES}


def test_a_power_of_one_is_proportional_and_of_zero_the_same_for_all():
    assert tempered_weights(SIZES, 1) == pytest.approx({"web": 0.9, "books": 0.09, "facts": 0.01})
    assert tempered_weights(SIZES, 0) == pytest.approx(dict.fromkeys(SIZES, 1 / 3))


def test_between_them_small_sources_gain_and_the_order_stays():
    weights = tempered_weights(SIZES, 0.5)
    assert weights["web"] < 0.9
    assert weights["facts"] > 0.01
    assert weights["web"] > weights["books"] > weights["facts"]
    assert weights["facts"] / weights["web"] == pytest.approx(math.sqrt(10 / 900))


def test_the_epochs_of_a_proportional_mixture_are_the_same_for_all_and_any_epochs_use_up_the_budget():
    proportional = epochs(SIZES, tempered_weights(SIZES), budget=500)
    assert proportional == pytest.approx(dict.fromkeys(SIZES, 0.5))
    tempered = epochs(SIZES, tempered_weights(SIZES, 0.3), budget=500)
    assert sum(tempered[source] * size for source, size in SIZES.items()) == pytest.approx(500)


def test_gpt3s_table_follows_from_its_sizes_and_weights_up_to_rounding():
    sizes = {source: row.tokens_billions for source, row in GPT3.items()}
    computed = epochs(sizes, {source: row.weight for source, row in GPT3.items()}, GPT3_TOKENS_BILLIONS)
    # Sizes and weights are printed with one or two digits: Wikipedia's 3 % lies anywhere from 2.5 to 3.5.
    for source, row in GPT3.items():
        assert computed[source] == pytest.approx(row.epochs, rel=0.2), source
    assert sum(row.tokens_billions * row.epochs for row in GPT3.values()) == pytest.approx(292, abs=1)


def test_what_llamas_table_leaves_unsaid_can_be_computed():
    sizes = token_sizes(LLAMA, LLAMA_TOKENS_BILLIONS)
    assert sum(row.weight for row in LLAMA.values()) == pytest.approx(1)
    assert sizes["Wikipedia"] == pytest.approx(25.7, abs=0.1)
    assert min(LLAMA, key=lambda source: LLAMA[source].epochs) == "Github"


def test_texts_are_drawn_as_often_as_the_weights_say():
    weights = {"web": 0.2, "books": 0.5, "facts": 0.3}
    mixture = Mixture(TEXTS, weights, batch_size=50)
    drawn = Counter(source for seed in range(80) for source, _ in mixture.draw(seed))
    for source, weight in weights.items():
        assert abs(drawn[source] - 4000 * weight) < 4 * math.sqrt(4000 * weight * (1 - weight))


def test_a_batch_depends_on_the_seed_alone():
    mixture = Mixture(TEXTS, tempered_weights(SIZES, 0), batch_size=8)
    assert mixture(3) == mixture(3) != mixture(4)
    assert all(text.split()[0] == source for source, text in mixture.draw(3))
    assert [text for _, text in mixture.draw(3)] == mixture(3)


def test_wrong_weights_are_errors_that_say_what_is_wrong():
    with pytest.raises(ValueError, match="size above 0"):
        tempered_weights({"a": 0.0})
    with pytest.raises(ValueError, match="not negative"):
        explicit_weights({"a": -1.0, "b": 2.0})
    with pytest.raises(ValueError, match="every weight needs a source"):
        Mixture({"a": ["x"], "b": []}, {"a": 0.5, "b": 0.5}, 2)
    assert Mixture({"a": ["x"], "b": []}, {"a": 1.0, "b": 0.0}, 2)(0) == ["x", "x"]
