"""The loss explorer: its mathematics equals numpy's, its traits refuse what cannot be drawn."""

import json
import re

import numpy as np
import pytest
import torch
from traitlets import TraitError

from helpers import records
from helpers.viz.style import COLORS
from helpers.widgets.bundle import STATIC
from helpers.widgets.loss_explorer import LABELS, UNITS, LossExplorer
from tests.widgets.javascript import ask as ask_module

RANDOM = np.random.default_rng(5)
STEPS = np.cumsum(RANDOM.integers(1, 9, 80))
LOSSES = 0.4 + 6 * np.exp(-STEPS / 90) + 0.2 * RANDOM.random(80)
LEVELS = {"uniform": 6.93, "unigram": 5.24, "bigram": 2.11, "floor": 0.34}
RUN = ([5, 15, 25], [6.0, 3.0, 1.5])


def ask(*questions: list) -> list:
    """The answers of the curves' own functions."""
    return ask_module("loss_curves.js", *questions)


def averages(losses: np.ndarray, window: int) -> list[float]:
    """The mean over the last `window` steps, by its definition."""
    return [losses[(step - window < STEPS) & (step >= STEPS)].mean() for step in STEPS]


def test_units_are_those_of_numpy():
    answers = ask(*[["inUnit", nats, unit, 0.34] for unit in UNITS for nats in LOSSES])
    expected = [LOSSES, LOSSES / np.log(2), np.exp(LOSSES), LOSSES - 0.34]
    assert answers == pytest.approx(np.concatenate(expected).tolist(), rel=1e-12)


def test_a_loss_that_diverged_has_a_perplexity_that_is_a_number():
    assert np.isfinite(ask(["inUnit", 1e5, "perplexity", 0.3])[0])


@pytest.mark.parametrize("window", [1, 2, 7, 30, 10_000])
def test_the_moving_average_counts_steps_and_not_points(window: int):
    answer = ask(["movingAverage", STEPS.tolist(), LOSSES.tolist(), window])[0]
    assert answer == pytest.approx(averages(LOSSES, window), rel=1e-12)


def test_the_moving_average_never_looks_ahead():
    later = LOSSES.copy()
    later[40:] += 1.0
    before, after = ask(*[["movingAverage", STEPS.tolist(), one.tolist(), 50] for one in (LOSSES, later)])
    assert before[:40] == after[:40]
    assert all(a > b for a, b in zip(after[40:], before[40:], strict=True))


def test_without_a_window_the_losses_stay_as_they_are_to_the_last_digit():
    assert ask(["movingAverage", STEPS.tolist(), LOSSES.tolist(), 1])[0] == LOSSES.tolist()


def test_a_level_is_passed_at_the_first_step_below_it():
    answers = ask(*[["firstBelow", STEPS.tolist(), LOSSES.tolist(), level] for level in (9.0, 5.24, 2.11, 0.3)])
    expected = [int(STEPS[np.argmax(level > LOSSES)]) for level in (9.0, 5.24, 2.11)]
    assert answers == [*expected, None]
    assert ask(["firstBelow", [1, 2, 3], [2.0, 1.0, 0.5], 1.0])[0] == 3  # reaching it is not passing it


def test_the_nearest_step_is_that_of_numpy():
    asked = [-3, 0, *range(0, int(STEPS[-1]) + 20, 3)]
    answers = ask(*[["nearest", STEPS.tolist(), step] for step in asked])
    assert answers == [int(np.argmin(abs(STEPS - step))) for step in asked]


def test_a_run_has_no_loss_before_it_begins_and_after_it_ends():
    answers = ask(*[["lossAt", [10, 20, 30], [3.0, 2.0, 1.0], step] for step in (4, 6, 21, 34, 36)])
    assert answers == [None, 3.0, 2.0, 1.0, None]


def test_the_table_has_at_most_ten_steps_and_both_ends():
    many, few, one = ask(["someOf", STEPS.tolist(), 10], ["someOf", [1, 2, 3], 10], ["someOf", [7], 10])
    assert len(many) == 10
    assert many[0] == STEPS[0]
    assert many[-1] == STEPS[-1]
    assert sorted(set(many)) == many
    assert (few, one) == ([1, 2, 3], [7])


@pytest.mark.parametrize("high", [0.07, 0.6, 1, 7.14, 10.3, 595, 5000, 123_456])
def test_linear_marks_are_round_evenly_apart_and_not_too_many(high: float):
    ticks = ask(["linearTicks", 0, high, 8])[0]
    apart = ticks[1]
    assert float(f"{apart:e}".split("e")[0]) in (1, 2, 5)
    assert np.diff(ticks) == pytest.approx(apart)
    assert len(ticks) <= 9
    assert high - apart < ticks[-1] <= high * (1 + 1e-9)


@pytest.mark.parametrize(("low", "high"), [(0.03, 6.8), (5, 595), (1, 1025), (250, 5000), (1e-6, 1e9), (1, 1e300)])
def test_logarithmic_marks_are_one_two_and_five_times_powers_of_ten(low: float, high: float):
    ticks = ask(["logTicks", low, high, 9])[0]
    assert 2 <= len(ticks) <= 10
    assert low <= ticks[0]
    assert ticks[-1] <= high
    assert {f"{tick:.0e}"[0] for tick in ticks} <= {"1", "2", "5"}


def test_labels_that_would_overlap_are_spread_and_the_others_stay():
    wanted = [20.0, 100.0, 104.0, 106.0, 240.0, 299.0, 300.0]
    placed = ask(["spread", wanted, 15, 10, 300])[0]
    assert np.diff(placed).min() >= 15 - 1e-9
    assert (placed[0], placed[4]) == (20.0, 240.0)
    assert max(placed) == 300
    assert ask(["spread", [12.0, 11.0, 13.0], 15, 10, 300])[0] == [26.0, 11.0, 41.0]
    assert np.argsort(ask(["spread", wanted[::-1], 15, 10, 300])[0]).tolist() == [6, 5, 4, 3, 2, 1, 0]


def test_labels_without_room_come_closer_and_stay_inside():
    placed = ask(["spread", [50.0] * 30, 15, 0, 100])[0]
    assert min(placed) >= -1e-9
    assert max(placed) <= 100 + 1e-9


def test_numbers_are_written_with_as_many_digits_as_they_deserve():
    values = [0, 0.0413, 0.0999, 2.106, 99.94, 99.96, 1025.3, 1.0142e304]
    written = ["0", "0.041", "0.10", "2.11", "99.94", "100", "1025", "1.0e+304"]
    assert ask(*[["digits", value] for value in values]) == written


def test_it_starts_in_the_middle_of_the_first_run_with_all_runs_drawn():
    explorer = LossExplorer({"this run": RUN}, LEVELS, recorded={"seed 1": RUN})
    assert (explorer.run, explorer.step, explorer.unit, explorer.smoothing) == ("this run", 15, "nats", 1)
    assert explorer.shown == ["this run", "seed 1"]
    assert [run["is_recorded"] for run in explorer.runs] == [False, True]
    assert (explorer.value, explorer.is_log) == (None, False)


def test_what_is_drawn_at_first_can_be_chosen():
    explorer = LossExplorer({}, LEVELS, recorded={"a": RUN, "b": RUN}, shown=["b"], unit="gap", is_log=True)
    assert (explorer.run, explorer.shown) == ("b", ["b"])


def test_levels_take_the_colours_of_their_roles():
    explorer = LossExplorer({"a": RUN}, {**LEVELS, "my level": 1.0})
    colors = {level["name"]: level["color"] for level in explorer.levels}
    assert colors["floor"] == COLORS["floor"] != colors["bigram"] == COLORS["bigram"]
    assert colors["my level"] == COLORS["uniform"]


def test_curves_may_be_tensors_and_everything_sent_to_the_page_is_plain_json():
    losses = torch.tensor([2.123456, 1.0], requires_grad=True)
    explorer = LossExplorer({"a": (np.arange(2), losses)}, {"floor": 0.5})
    assert (explorer.runs[0]["steps"], explorer.runs[0]["losses"]) == ([0, 1], [2.1235, 1.0])
    state = explorer.get_state()
    json.dumps({name: state[name] for name in ("runs", "levels", "shown", "run", "step", "labels")})


def test_a_record_with_its_curves_gives_a_run_for_every_seed(monkeypatch: pytest.MonkeyPatch):
    values = {"steps": [5, 15], "losses": [[3.0, 2.0], [3.5, 1.5]]}
    monkeypatch.setattr(records, "load", lambda name: {"seeds": [101, 102], "values": values})
    explorer = LossExplorer.from_record("made up", LEVELS, {"this run": RUN})
    assert [run["name"] for run in explorer.runs] == ["this run", "seed 101", "seed 102"]
    german = LossExplorer.from_record("made up", LEVELS, labels=LABELS | {"seed": "Keim {seed}"})
    assert [run["name"] for run in german.runs] == ["Keim 101", "Keim 102"]
    assert explorer.runs[2]["losses"] == [3.5, 1.5]


def test_the_record_of_the_chapter_can_be_drawn_behind_a_run():
    explorer = LossExplorer.from_record("gpt_on_tales", LEVELS, {"this run": RUN}, unit="bits")
    assert explorer.unit == "bits"
    assert len(explorer.runs) == 1 + len(records.load("gpt_on_tales")["seeds"])


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (([1, 2], [1.0]), "each step needs one loss, got 2 steps and 1 losses"),
        (([1, 2], [1.0, float("nan")]), "lists of finite numbers"),
        (([], []), "lists of finite numbers"),
        (([2, 1], [1.0, 1.0]), "rise from one to the next"),
        (([-1, 1], [1.0, 1.0]), "steps must be 0 or more"),
        (([1, 2], [1.0, -0.1]), "never negative, got -0.1"),
    ],
)
def test_what_is_no_curve_is_refused(run: tuple, message: str):
    with pytest.raises(ValueError, match=message):
        LossExplorer({"mine": run}, LEVELS)


def test_no_run_two_runs_of_one_name_and_impossible_levels_are_refused():
    with pytest.raises(ValueError, match="there is no run to draw"):
        LossExplorer({}, LEVELS)
    with pytest.raises(ValueError, match="a name of its own, got \\['a'\\]"):
        LossExplorer({"a": RUN}, LEVELS, recorded={"a": RUN})
    with pytest.raises(ValueError, match="got -1 for 'floor'"):
        LossExplorer({"a": RUN}, {"floor": -1})


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("unit", "bytes", "unit must be one of nats, bits, perplexity, gap"),
        ("unit", "gap", 'give a level called "floor"'),
        ("smoothing", 0, "smoothing must be 1"),
        ("step", -1.0, "step must be 0 or more"),
        ("step", float("nan"), "step must be 0 or more"),
        ("run", "b", "no run is called 'b'; there are: a"),
        ("shown", ["a", "b"], "no run is called 'b'"),
    ],
)
def test_a_setting_that_cannot_be_drawn_is_refused_at_the_start_and_later(setting: str, value: object, message: str):
    with pytest.raises(TraitError, match=message):
        LossExplorer({"a": RUN}, {"bigram": 2.0}, **{setting: value})
    explorer = LossExplorer({"a": RUN}, {"bigram": 2.0})
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)


def test_the_scripts_use_every_label_and_no_other():
    names = ("loss_explorer.js", "loss_chart.js", "loss_sentences.js")
    scripts = "".join((STATIC / name).read_text(encoding="utf-8") for name in names)
    used = set(re.findall(r"\btext\.(\w+)", scripts))
    kinds = set(re.findall(r"\btext\[`(\w+_)\$", scripts))
    assert kinds == {"axis_", "unit_", "say_", "level_", "mark_"}
    used |= {kind + unit for kind in kinds - {"level_", "mark_"} for unit in UNITS}
    used |= {kind + name for kind in ("level_", "mark_") for name in ("uniform", "unigram", "bigram", "trigram")}
    used |= {"mark_floor", "seed"}  # the seeds are named in Python
    assert used == set(LABELS)
