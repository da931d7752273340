import torch

from helpers.training.batches import IGNORE, Batch, TextBatches
from helpers.training.passkeys import PasskeyBatches, hide

ASK_ID, DIGIT_IDS = 900, list(range(901, 911))


def plain(n_rows=3, length=12):
    ids = torch.arange(n_rows * (length + 1)).view(n_rows, -1)
    return Batch(ids[:, :-1], ids[:, 1:])


def hidden(places, asks, n_rows=3):
    marked = torch.zeros(n_rows, 12, dtype=torch.bool)
    for row, column in asks:
        marked[row, column] = True
    return hide(plain(), torch.tensor(DIGIT_IDS[:n_rows]), torch.tensor(places), marked, ASK_ID)


def test_a_question_expects_the_digit_of_its_own_row_and_the_text_does_not_show_it():
    batch = hidden([2, 0, 5], [(0, 6), (0, 11), (1, 3), (2, 9)])
    assert batch.targets[0, [6, 11]].tolist() == [901, 901]
    assert batch.targets[1, 3] == 902
    assert batch.targets[2, 9] == 903
    for row, digit in enumerate(DIGIT_IDS[:3]):
        assert (batch.inputs[row] == digit).nonzero().flatten().tolist() == [[2], [0], [5]][row]


def test_nothing_is_asked_where_a_digit_or_a_question_comes_next():
    batch = hidden([2, 0, 5], [(0, 6), (1, 3), (2, 9)])
    assert (batch.targets == IGNORE).nonzero().tolist() == [[0, 1], [0, 5], [1, 2], [2, 4], [2, 8]]


def test_a_question_right_before_another_keeps_its_answer():
    batch = hidden([2, 0, 5], [(0, 6), (0, 7)])
    assert batch.targets[0, 5:8].tolist() == [IGNORE, 901, 901]


def test_everything_else_is_as_it_was():
    before, batch = plain(), hidden([2, 0, 5], [(0, 6), (1, 11)])
    changed = torch.zeros(3, 12, dtype=torch.bool)
    changed[[0, 0, 0, 0, 1, 1, 1, 2, 2], [1, 2, 5, 6, 0, 10, 11, 4, 5]] = True
    assert torch.equal(batch.inputs[~changed], before.inputs[~changed])
    assert torch.equal(batch.targets[~changed], before.targets[~changed])
    assert batch.targets[0, 2] == before.targets[0, 2]  # behind the digit the text goes on
    assert torch.equal(before.targets, plain().targets)  # and the batch that was given is untouched


def test_half_of_a_batch_is_plain_text_and_the_other_half_asks_behind_its_digit_only():
    text = torch.arange(800)
    batch, same = PasskeyBatches(text, 16, 64, DIGIT_IDS, ASK_ID, seed=5)[3], TextBatches(text, 16, 64, seed=5)[3]
    assert torch.equal(batch.inputs[8:], same.inputs[8:])
    assert torch.equal(batch.targets[8:], same.targets[8:])
    asked = batch.inputs[:8] == ASK_ID
    is_digit = (batch.inputs[:8] > ASK_ID).cumsum(1)
    assert (is_digit[:, -1] == 1).all()
    assert (is_digit[asked] == 1).all()
    shown = batch.inputs[:8][batch.inputs[:8] > ASK_ID]
    assert torch.equal(batch.targets[:8][asked], shown.repeat_interleave(asked.sum(1)))


def test_about_one_place_in_eight_behind_the_digit_asks():
    batches = PasskeyBatches(torch.arange(800), 64, 64, DIGIT_IDS, ASK_ID, seed=0)
    asked = behind = 0
    for step in range(20):
        inputs = batches[step].inputs[:32]
        asked += int((inputs == ASK_ID).sum())
        behind += int((63 - (inputs > ASK_ID).float().argmax(1)).sum())
    assert abs(asked / behind - 1 / 8) < 0.01
