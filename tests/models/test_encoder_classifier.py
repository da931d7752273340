import torch

from helpers.models import Encoder, EncoderConfig
from helpers.models.encoder_classifier import EncoderClassifier


def classifier():
    torch.manual_seed(0)
    return EncoderClassifier(Encoder(EncoderConfig(30, 16, 8, 2, 2)), 3).eval()


def test_what_stands_after_the_last_token_changes_no_score_and_what_stands_before_does():
    model, ids = classifier(), torch.arange(20).view(2, 10)
    last = torch.tensor([5, 9])
    before = model(ids, last)
    ids[0, 6:] = 29
    torch.testing.assert_close(model(ids, last)[0], before[0])
    ids[0, 5] = 29
    assert not torch.allclose(model(ids, last)[0], before[0], atol=1e-6)


def test_scores_are_read_from_the_pooled_vector_of_the_first_place():
    model, ids = classifier(), torch.arange(10)[None]
    pooled = model.encoder.pooled(model.encoder(ids))
    torch.testing.assert_close(model(ids, torch.tensor([9])), model.head(pooled))
