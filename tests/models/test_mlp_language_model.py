import pytest
import torch
from torch import nn

from helpers.models import MLPLanguageModel

IDS = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6]])


def model(n_words=3):
    torch.manual_seed(0)
    return MLPLanguageModel(vocab_size=10, n_words=n_words, d_embedding=4, d_hidden=7)


def test_it_is_the_equation_of_the_paper():
    mlp = model()
    x = torch.cat([mlp.token_embedding.weight[i] for i in (1, 4, 1)])
    y = mlp.lm_head.bias + mlp.lm_head.weight @ torch.tanh(mlp.hidden.bias + mlp.hidden.weight @ x)
    torch.testing.assert_close(mlp(IDS)[0, 3], y)


def test_a_word_outside_the_window_changes_nothing_and_one_inside_does():
    mlp, changed = model(), IDS.clone()
    changed[0, 2] = 7
    before, after = mlp(IDS)[0], mlp(changed)[0]
    assert torch.equal(before[:2], after[:2])  # nor can it reach back
    assert all(not torch.allclose(before[t], after[t]) for t in (2, 3, 4))
    assert torch.equal(before[5:], after[5:])


def test_the_first_words_have_a_start_before_them_that_is_no_word():
    mlp = model()
    with torch.no_grad():
        mlp.token_embedding.weight[10] += 1.0
    assert not torch.allclose(model()(IDS)[0, 0], mlp(IDS)[0, 0])
    assert torch.equal(model()(IDS)[0, 2:], mlp(IDS)[0, 2:])


def test_a_row_reads_the_same_alone_and_in_a_batch():
    rows = torch.stack([IDS[0], IDS[0].flip(0)])
    torch.testing.assert_close(model()(rows)[:1], model()(IDS))


def test_it_learns_a_rule_that_one_word_back_cannot_tell():
    torch.manual_seed(0)
    mlp = MLPLanguageModel(vocab_size=2, n_words=2, d_embedding=4, d_hidden=16)
    rows = torch.randint(2, (64, 2))
    target = rows[:, 0] ^ rows[:, 1]
    optimizer = torch.optim.AdamW(mlp.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        nn.functional.cross_entropy(mlp(rows)[:, -1], target).backward()
        optimizer.step()
    assert (mlp(rows)[:, -1].argmax(1) == target).all()


def test_it_looks_at_one_word_at_least():
    with pytest.raises(ValueError, match="1 word at least"):
        model(n_words=0)
