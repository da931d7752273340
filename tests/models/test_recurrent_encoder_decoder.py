"""The encoder-decoder of 2014: one vector between the sides."""

import pytest
import torch

from helpers.models import RecurrentEncoderDecoder
from helpers.runtime import seed_everything


def model() -> RecurrentEncoderDecoder:
    seed_everything(1)
    return RecurrentEncoderDecoder(9, 12)


def test_every_source_token_reaches_the_target():
    ours, source, target = model(), torch.tensor([[1, 2, 3]]), torch.tensor([[0, 4]])
    for place in range(3):
        other = source.clone()
        other[0, place] = 8
        assert not torch.allclose(ours(source, target), ours(other, target))


def test_a_later_target_token_changes_nothing_before_it():
    ours, source = model(), torch.tensor([[1, 2, 3]])
    a, b = ours(source, torch.tensor([[0, 4, 5]])), ours(source, torch.tensor([[0, 4, 6]]))
    torch.testing.assert_close(a[:, :2], b[:, :2])
    assert not torch.allclose(a[:, 2], b[:, 2])


def test_padded_sources_are_refused():
    with pytest.raises(ValueError, match="equal length"):
        model()(torch.tensor([[1, 0]]), torch.tensor([[0]]), torch.tensor([[True, False]]))
