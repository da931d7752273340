import math

import pytest
import torch

from helpers.evaluation import mean_with_error, row_nats
from helpers.models import Decoder, DecoderConfig


def test_row_nats_is_the_sum_of_log_probabilities_by_the_chain_rule():
    model = Decoder(DecoderConfig(vocab_size=9, context_length=8, d_model=8, n_layers=1, n_heads=1)).eval()
    inputs, targets = torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([[2, 3, 4], [5, 6, -100]])
    log_probs = model(inputs).log_softmax(-1)
    first = -(log_probs[0, 0, 2] + log_probs[0, 1, 3] + log_probs[0, 2, 4])
    second = -(log_probs[1, 0, 5] + log_probs[1, 1, 6])
    assert row_nats(model, inputs, targets, rows_at_once=1) == pytest.approx([first.item(), second.item()])


def test_the_error_is_the_deviation_over_root_n():
    mean = mean_with_error([1.0, 2.0, 3.0, 4.0])
    assert mean.value == 2.5
    assert mean.error == pytest.approx(math.sqrt(5 / 3) / 2)
    assert str(mean) == "2.500 ± 0.645"
    with pytest.raises(ValueError, match="at least 2 values, got 1"):
        mean_with_error([1.0])
