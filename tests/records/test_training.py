"""What the book says of training, held against the records: the bars, seed by seed, and the controls."""

from typing import Any

import pytest

from helpers import checkpoints, records
from helpers.corpora.instructions import ONE_SENTENCE_KINDS
from helpers.evaluation import Mean, mean_with_error


def of_record(name: str) -> dict[str, Any]:
    return records.load(name)["values"]


@pytest.mark.parametrize(("minutes", "bar"), [(1, 0.05), (4, 0.035), (10, 0.025)])
def test_each_budget_of_pre_training_comes_as_near_the_floor_as_the_book_says_with_every_seed(minutes, bar):
    runs = of_record("pretraining")[str(minutes)]
    assert len(runs) == 3
    assert [seed for seed, run in runs.items() if run["gap"] > bar] == []


def test_the_shipped_chat_model_answers_nine_of_ten_short_instructions_right():
    right = checkpoints.about("chat-tales")["exact_match"]
    assert sum(right[kind][0] for kind in ONE_SENTENCE_KINDS) / len(ONE_SENTENCE_KINDS) >= 0.9


# --- instruction tuning ---------------------------------------------------------------------------------------


def test_a_base_answers_nothing_and_every_way_to_tune_teaches_it():
    values = of_record("instruction_tuning")
    assert values["before"]["right"]["short"][0] < 0.05
    for way in ("full", "full_replay", "lora_16"):
        assert min(run["right"]["short"][0] for run in values[way].values()) > 0.2


def test_tales_told_again_are_not_forgotten():
    values = of_record("instruction_tuning")
    for language in ("en", "zh"):
        forgotten = {way: min(run["gap"][language][0] for run in values[way].values()) for way in ("full", "lora_16")}
        kept = max(run["gap"][language][0] for run in values["full_replay"].values())
        assert kept < min(forgotten.values())


# --- preferences ----------------------------------------------------------------------------------------------


def test_a_reward_model_comes_within_three_points_of_what_the_noise_allows():
    most = max(run["n"] for run in of_record("reward_model")["stories"])
    for temperature in (0.5, 1.0):  # 0.5 is the noise of all that follows
        gaps = [
            run["gap"][0]
            for run in of_record("reward_model")["stories"]
            if (run["temperature"], run["n"]) == (temperature, most)
        ]
        assert len(gaps) == 3
        assert sum(gaps) / 3 < 0.03


def test_labels_by_a_coin_teach_a_reward_model_nothing():
    for run in of_record("reward_model")["coin"]:
        order = Mean(*run["order"])
        assert abs(order.value - 0.5) < 0.15


def ends(method: str, value: str) -> dict[str, float]:
    return {seed: run["end"][value][0] for seed, run in of_record("preference_tuning")["runs"][method].items()}


@pytest.mark.parametrize(("method", "gain"), [("ppo", 0.5), ("grpo", 0.3), ("dpo", 0.3), ("rejection", 0.3)])
def test_every_method_raises_the_true_reward_at_a_bounded_distance_with_every_seed(method, gain):
    before, after = ends("none", "true"), ends(method, "true")
    assert len(after) == 3
    assert min(after[seed] - before[seed] for seed in after) > gain
    assert max(ends(method, "kl").values()) < 4


@pytest.mark.parametrize("method", ["random", "shuffled ppo", "shuffled dpo"])
def test_the_controls_do_not(method):
    before, after = ends("none", "true"), ends(method, "true")
    assert sum(after[seed] - before[seed] for seed in after) / len(after) < 0.15


def curves(part: str) -> list[list[dict[str, list[float]]]]:
    return [run["curve"] for run in of_record("over_optimization")["runs"][part].values()]


def test_without_a_price_the_truth_turns_while_the_score_has_risen():
    for curve in curves("few"):
        best = max(curve, key=lambda point: point["true"][0])
        last = curve[-1]
        fall = best["true"][0] - last["true"][0]
        assert fall > 2 * (best["true"][1] ** 2 + last["true"][1] ** 2) ** 0.5
        assert last["score"][0] > best["score"][0]
    assert len(curves("few")) == 3


def test_with_a_price_it_goes_less_far_and_keeps_what_it_won():
    last = [mean_with_error([curve[-1]["true"][0] for curve in curves(part)]) for part in ("few", "few with a price")]
    assert last[1].value > last[0].value
    assert max(curve[-1]["kl"][0] for curve in curves("few with a price")) < min(
        curve[-1]["kl"][0] for curve in curves("few")
    )
