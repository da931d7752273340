import torch

from helpers.models import Classifier, Decoder, DecoderConfig
from helpers.training import LabelledBatch, classification_loss

CONFIG = DecoderConfig(vocab_size=9, context_length=8, d_model=16, n_layers=1, n_heads=2)


def test_padding_after_the_last_token_changes_nothing():
    classifier = Classifier(Decoder(CONFIG), 3)
    last = torch.tensor([2])
    scores = classifier(torch.tensor([[1, 2, 3, 0, 0]]), last)
    torch.testing.assert_close(classifier(torch.tensor([[1, 2, 3, 7, 8]]), last), scores)
    assert not torch.allclose(classifier(torch.tensor([[1, 2, 4, 0, 0]]), last), scores)


def test_the_loss_is_the_surprise_at_the_true_class():
    classifier = Classifier(Decoder(CONFIG), 3)
    batch = LabelledBatch(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 1]), torch.tensor([2, 0]))
    log_probs = classifier(batch.inputs, batch.last).log_softmax(-1)
    torch.testing.assert_close(classification_loss(classifier, batch), -(log_probs[0, 2] + log_probs[1, 0]) / 2)


def test_the_gradient_reaches_the_decoder():
    classifier = Classifier(Decoder(CONFIG), 2)
    batch = LabelledBatch(torch.tensor([[1, 2, 3]]), torch.tensor([2]), torch.tensor([1]))
    classification_loss(classifier, batch).backward()
    assert classifier.decoder.blocks[0].attention.q_proj.weight.grad.abs().sum() > 0
