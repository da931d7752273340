import pytest
import torch

from helpers.evaluation.field_f1 import field_f1
from helpers.evaluation.item_response import SPREAD, estimates, information
from helpers.evaluation.selective import selective_accuracy


def test_the_last_point_is_the_plain_accuracy_and_a_perfect_signal_comes_first():
    right = torch.tensor([True, False, True, False])
    assert selective_accuracy(right.float(), right).tolist() == pytest.approx([1, 1, 2 / 3, 1 / 2])
    assert selective_accuracy(-right.float(), right).tolist() == pytest.approx([0, 0, 1 / 3, 1 / 2])


def test_a_useless_signal_gives_a_flat_line():
    chance = torch.Generator().manual_seed(0)
    right = torch.rand(20_000, generator=chance) < 0.7
    curve = selective_accuracy(torch.rand(20_000, generator=chance), right)
    assert (curve[2000:] - 0.7).abs().max() < 0.03


def test_f1_of_fields_is_the_harmonic_mean_of_precision_and_recall():
    true, given = [{"a": 1, "b": 2}, {"a": 3, "b": None}], [{"a": 1, "b": None}, {"a": 4, "b": 5}]
    precision, recall = 1 / 3, 1 / 3
    assert field_f1(true, given) == pytest.approx(2 * precision * recall / (precision + recall))
    assert field_f1(true, true) == 1
    assert field_f1([{"a": None}], [{"a": None}]) == 1


def test_a_record_in_the_wrong_row_counts_for_nothing():
    assert field_f1([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}]) == 0


def test_a_task_tells_most_where_success_is_as_likely_as_failure():
    told = information(torch.zeros(81), torch.linspace(-4, 4, 81))
    assert told.argmax() == 40
    assert told.max() == 0.25


@pytest.mark.parametrize("is_adaptive", [True, False])
def test_many_tasks_find_the_ability(is_adaptive):
    chance = torch.Generator().manual_seed(0)
    abilities = SPREAD * torch.randn(300, generator=chance).clamp(-2, 2)
    few, many = ((estimates(abilities, n, chance, is_adaptive=is_adaptive) - abilities).abs().mean() for n in (4, 150))
    assert many < 0.25 < few


def test_an_adaptive_tutor_needs_fewer_tasks_and_guessing_misleads_it_upwards():
    chance = torch.Generator().manual_seed(1)
    abilities = SPREAD * torch.randn(2000, generator=chance)
    adaptive, fixed = (
        (estimates(abilities, 12, chance, is_adaptive=kind) - abilities).abs().mean() for kind in (True, False)
    )
    assert adaptive < 0.9 * fixed
    assert (estimates(abilities, 12, chance, guess=0.25) - abilities).mean() > 0.3
