import math
import random
from collections import Counter
from itertools import pairwise

import pytest

from helpers.corpora import tales
from helpers.corpora.preferences import (
    Comparison,
    Labeler,
    Pair,
    Reward,
    beginnings,
    finish,
    n_repeated,
    shuffled,
    sigmoid,
    split_story,
    story_pairs,
    true_reward,
)

KIND = "Zoe shared her bread with him."
HELPED = (
    f'{KIND} While Zoe slept, a monkey carried the silver umbrella off to the barn. "My silver umbrella is gone!" Zoe '
    'told Nora. "Now it is my turn," said Jack and found the umbrella in the barn. The monkey was sorry, and Zoe asked '
    "it to stay for supper. At the feast near the castle Zoe opened the umbrella for her friends."
)
WALKED_ON = (
    '"Someone else will help you," Zoe said. Later Zoe put the lantern down in the cave and forgot where. They '
    'searched for three days, but nobody looked in the cave. "You still have me," said Ella, and Zoe smiled again.'
)


@pytest.fixture(scope="module")
def told():
    chance = random.Random(1)
    return [tales.tale(chance) for _ in range(600)]


@pytest.fixture(scope="module")
def rewards(told):
    return [true_reward(split_story(tale.text)[1]) for tale in told]


@pytest.fixture(scope="module")
def pairs():
    return story_pairs(60, seed=2)


def test_a_tale_is_its_beginning_and_its_ending(told):
    for tale in told:
        beginning, ending = split_story(tale.text)
        assert f"{beginning} {ending}" == tale.text
        last = beginning.split(". ")[-1]
        assert tale.world["stranger"] in last
        assert tale.world["stranger"] not in beginning[: -len(last)]


def test_a_text_without_a_stranger_is_not_split():
    with pytest.raises(ValueError, match="meets the stranger, got one without: 'Once upon"):
        split_story("Once upon a time there was a fox.")


def test_the_first_beginnings_of_a_seed_are_the_same_however_many_are_asked_for():
    assert beginnings(5, seed=3) == beginnings(9, seed=3)[:5]
    assert not set(beginnings(50, seed=3)) & set(beginnings(50, seed=4))


def test_an_ending_of_the_storyteller_makes_the_beginning_a_tale(pairs):
    for beginning, a, b in pairs[:10]:
        assert a != b
        assert tales.log_prob(f"{beginning} {a}") > -math.inf
        assert tales.log_prob(f"{beginning} {b}") > -math.inf


def test_endings_come_as_often_as_the_storyteller_tells_them():
    beginning, chance = next(text for text in beginnings(40) if " shy " in text), random.Random(0)
    helped = [true_reward(finish(beginning, chance)).kindness > 0 for _ in range(150)]
    # a shy hero helps half the time; four standard errors
    assert abs(sum(helped) / 150 - 0.5) < 4 * 0.5 / math.sqrt(150)


def test_the_reward_read_off_the_text_is_what_happened_in_the_tale(told, rewards):
    for tale, reward in zip(told, rewards, strict=True):
        text, is_kind = tale.text, tale.world["helped"] == "yes"
        forgiven = '"Forgive me,"' in text or "to stay for supper" in text
        scolded = '"Never do that again!"' in text or "hung its head" in text
        assert reward.kindness == (1 if is_kind else -1) + 0.5 * forgiven - 0.5 * scolded
        together = ("everyone sang", "At the feast", "Once more", "watched the stars", "drank tea", "fell asleep side")
        found = -0.5 if tale.world["found_by"] == "nobody" else 0.5
        assert reward.ending == found + 0.5 * any(words in text for words in together)
    assert Counter(reward.kindness > 0 for reward in rewards).keys() == {True, False}
    assert len({reward.ending for reward in rewards}) == 4


def test_genuine_rewards_spread_by_about_one_and_nine_in_ten_repeat_nothing(rewards):
    totals = [reward.total for reward in rewards]
    mean = sum(totals) / len(totals)
    assert mean == pytest.approx(1.7, abs=0.15)
    assert math.sqrt(sum((total - mean) ** 2 for total in totals) / len(totals)) == pytest.approx(1.1, abs=0.1)
    assert sum(reward.repetition == 0 for reward in rewards) > 0.87 * len(rewards)
    assert any(reward.repetition < 0 for reward in rewards)


def test_the_parts_of_two_endings_computed_by_hand():
    assert (len(HELPED.split()), len(WALKED_ON.split())) == (66, 40)
    assert true_reward(HELPED) == Reward(1.5, 1.0, pytest.approx(math.exp(-((22 / 12) ** 2) / 2)), 0)
    assert true_reward(WALKED_ON) == Reward(-1, -0.5, pytest.approx(math.exp(-((48 / 12) ** 2) / 2)), 0)


def test_the_length_counts_most_at_88_words_and_the_same_on_both_sides():
    def length(n):
        return true_reward(" ".join(f"{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(n))).length

    assert length(88) == 1
    assert length(76) == pytest.approx(length(100)) == pytest.approx(math.exp(-0.5))
    assert length(60) < length(70) < length(80)


def test_a_kind_act_told_again_gains_nothing_and_costs_something():
    totals = [true_reward(" ".join([HELPED, *[KIND] * n])).total for n in range(11)]
    assert true_reward(f"{HELPED} {KIND}").kindness == true_reward(HELPED).kindness
    assert all(later <= before for before, later in pairwise(totals))
    assert all(later < before - 0.1 for before, later in pairwise(totals[:6]))
    assert totals[10] < totals[0] - 3
    assert true_reward(" ".join([KIND] * 10)).total < true_reward(KIND).total


def test_repeated_runs_of_words_are_counted_once_each_time_they_come_again():
    assert n_repeated(tuple("abcde")) == 0
    assert n_repeated(tuple("abcdabcd")) == 1
    assert n_repeated(tuple("aaaaaa")) == 2
    assert n_repeated(tuple("ab")) == 0
    assert true_reward("And the fox saw it. and the Fox, saw it!").repetition == pytest.approx(-0.4)


@pytest.mark.parametrize(
    "text", ["", " ", '"', "Zoe Zoe", "<|end|>", "\ufffd\ufffd", "佐伊 把 面包", "1 2 3", KIND[:-3]]
)
def test_broken_text_has_a_reward_too_and_it_is_no_good(text):
    assert true_reward(text).kindness == 0
    assert -4 <= true_reward(text).total < 0.01


def test_other_names_in_a_deed_do_not_hide_it():
    for end in ("", "!", ", but"):  # without a full stop the sentence is not said
        assert true_reward(f"Tom wrapped her in a warm blanket{end}").kindness == 0
    assert true_reward("foo Tom wrapped her in a warm blanket. bar").kindness == 1
    assert true_reward("drum wrapped her in a warm blanket.").kindness == 0


def test_a_labeler_prefers_as_often_as_its_probability_says():
    labeler, n = Labeler(1.0, seed=1), 4000
    pair = Pair("", "Tom wrapped her in a warm blanket.", "Tom wrapped her in a warm scarf.")
    p = labeler.probability(pair.a, pair.b)
    assert p == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-6)  # rewards 1 and 0
    chosen = [comparison.chosen == pair.a for comparison in labeler.compare([pair] * n)]
    assert abs(sum(chosen) / n - p) < 4 * math.sqrt(p * (1 - p) / n)


def test_probabilities_of_a_pair_and_of_the_swapped_pair_add_up_to_one(pairs):
    for _, a, b in pairs:
        labeler = Labeler(0.5)
        assert labeler.probability(a, b) + labeler.probability(b, a) == pytest.approx(1)
        assert labeler.certainty(a, b) == pytest.approx(labeler.certainty(b, a))
        assert labeler.certainty(a, b) >= 0.5
        assert labeler.probability(a, a) == 0.5


def test_more_temperature_is_more_noise(pairs):
    certainties = [[Labeler(t).certainty(a, b) for _, a, b in pairs] for t in (0.01, 0.25, 1.0, 100.0)]
    means = [sum(values) / len(values) for values in certainties]
    assert means == sorted(means, reverse=True)
    assert means[0] > 0.95
    assert means[3] < 0.51
    with pytest.raises(ValueError, match=r"above 0 .* got 0"):
        Labeler(0)


def test_the_better_ending_wins_when_there_is_no_noise(pairs):
    for comparison in Labeler(1e-9).compare(pairs):
        assert true_reward(comparison.chosen).total >= true_reward(comparison.rejected).total


def test_a_labeler_with_the_same_seed_judges_the_same(pairs):
    assert Labeler(1.0, seed=5).compare(pairs) == Labeler(1.0, seed=5).compare(pairs)
    assert Labeler(1.0, seed=5).compare(pairs) != Labeler(1.0, seed=6).compare(pairs)


def test_shuffled_labels_keep_the_endings_and_forget_the_order(pairs):
    comparisons = Labeler(0.01).compare(pairs * 20)
    tossed = shuffled(comparisons)
    for before, after in zip(comparisons, tossed, strict=True):
        assert after in (before, Comparison(before.beginning, before.rejected, before.chosen))
    kept = sum(before == after for before, after in zip(comparisons, tossed, strict=True)) / len(tossed)
    assert abs(kept - 0.5) < 4 * 0.5 / math.sqrt(len(tossed))


def test_the_sigmoid_does_not_overflow():
    assert sigmoid(-1e6) == 0
    assert sigmoid(1e6) == 1
    assert sigmoid(0.7) == pytest.approx(1 / (1 + math.exp(-0.7)))
