import pytest
import torch

from helpers.models import Decoder, DecoderConfig
from helpers.training import adamw, next_token_loss, train, warmup_cosine
from helpers.training.batches import Batch, story_batch
from helpers.training.packing import PackedBatches, filler_share, packed, packed_loss

EOT = 0
DOCUMENTS = [[1, 2, 3], [4, 5], [6, 7, 8, 9, 10], [11]]
POSITIONS = pytest.mark.parametrize("positions", ["rope", "learned", "alibi"])


def new_model(positions="rope"):
    torch.manual_seed(0)
    config = DecoderConfig(
        vocab_size=40, context_length=32, d_model=16, n_layers=2, n_heads=2, positions=positions, norm="rms_norm"
    )
    model = Decoder(config).double()
    with torch.no_grad():
        for p in model.parameters():
            p += 0.3 * torch.randn_like(p)  # weights at which every token matters
    return model


def alone(document):
    """A document between two end-of-text tokens, as a batch of its own."""
    return Batch(torch.tensor([[EOT, *document]]), torch.tensor([[*document, EOT]]))


def random_documents(n, seed, longest=20):
    chance = torch.Generator().manual_seed(seed)
    return [
        torch.randint(1, 40, (int(length),), generator=chance).tolist()
        for length in torch.randint(1, longest, (n,), generator=chance)
    ]


class Letters:
    eot_id = EOT

    def encode_batch(self, texts):
        return [[ord(c) - 96 for c in text] for text in texts]


def test_two_documents_by_hand():
    batch = packed([[1, 2], [3]], context_length=3, eot_id=0)
    assert batch.inputs.tolist() == [[0, 1, 2], [0, 3, 0]]
    assert batch.targets.tolist() == [[1, 2, 0], [3, 0, -100]]
    assert batch.documents.tolist() == [[0, 0, 0], [1, 1, -1]]
    assert batch.positions.tolist() == [[0, 1, 2], [0, 1, 0]]


def test_a_token_looks_back_within_its_own_document_and_nowhere_else():
    batch = packed([[1], [2, 3]], context_length=5, eot_id=0)
    assert batch.mask.int().tolist() == [
        [[[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 1, 1, 1]]]
    ]


@POSITIONS
def test_a_packed_documents_logits_are_those_of_the_document_alone(positions):
    model, batch = new_model(positions), packed(DOCUMENTS, 16, EOT)
    logits = model(batch.inputs, mask=batch.mask, positions=batch.positions)
    naive = model(batch.inputs)
    for number, document in enumerate(DOCUMENTS):
        expected = model(alone(document).inputs)[0]
        torch.testing.assert_close(logits[batch.documents == number], expected)
        if number:  # without the mask those before are seen
            assert not torch.allclose(naive[batch.documents == number], expected, atol=1e-3)


def test_the_loss_and_its_gradient_are_the_token_weighted_mean_of_single_documents():
    model, batch = new_model(), packed(DOCUMENTS, 16, EOT)
    packed_loss(model, batch).backward()
    gradient = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    singles = [alone(document) for document in DOCUMENTS]
    mean = sum(next_token_loss(model, single) * single.n_tokens for single in singles) / batch.n_tokens
    mean.backward()
    torch.testing.assert_close(packed_loss(model, batch), mean)
    torch.testing.assert_close(gradient, [p.grad for p in model.parameters()])
    assert not torch.isclose(next_token_loss(model, batch), mean, rtol=1e-3)


def test_what_stands_in_one_document_changes_nothing_in_another():
    model, batch = new_model(), packed(DOCUMENTS, 16, EOT)
    changed = packed([[9, 9, 9], *DOCUMENTS[1:]], 16, EOT)
    before, after = (model(b.inputs, mask=b.mask, positions=b.positions) for b in (batch, changed))
    assert torch.equal(before[batch.documents != 0], after[batch.documents != 0])
    assert not torch.allclose(before[batch.documents == 0][1:], after[batch.documents == 0][1:])


def test_filler_learns_nothing_and_teaches_nothing():
    model, batch = new_model(), packed(DOCUMENTS, 16, EOT)
    refilled = batch.inputs.where(batch.documents >= 0, torch.tensor(7))
    other = type(batch)(refilled, batch.targets, batch.documents)
    assert (batch.documents < 0).any()
    assert torch.equal(packed_loss(model, batch), packed_loss(model, other))


@pytest.mark.parametrize("context_length", [1, 3, 8, 50])
def test_an_epoch_asks_for_every_token_of_every_document_exactly_once(context_length):
    documents = random_documents(23, seed=1)
    batches = PackedBatches(documents, 4, context_length, EOT)
    for epoch in (0, 2):
        steps = range(epoch * batches.steps_per_epoch, (epoch + 1) * batches.steps_per_epoch)
        targets = torch.cat([batches[step].targets.flatten() for step in steps])
        texts = bytes(targets[targets >= 0].tolist()).split(bytes([EOT]))
        assert sorted(texts[:-1]) == sorted(map(bytes, documents))
        assert texts[-1] == b""


def test_neighbouring_windows_share_a_token_so_no_prediction_is_lost_at_a_cut():
    batch = packed([list(range(1, 33))], context_length=8, eot_id=EOT)
    assert torch.equal(batch.inputs[1:, 0], batch.targets[:-1, -1])


def test_4096_tokens_give_4095_predictions_and_4097_give_4096():
    window = torch.arange(4097)
    assert len(window[:4096][1:]) == 4095
    one = packed([window[:4096].tolist()], context_length=4096, eot_id=4096)
    assert one.inputs.shape == (2, 4096)  # 4,096 tokens and an end: 4,097 predictions
    assert one.n_tokens == 4097


def test_each_epoch_has_an_order_of_its_own_that_the_seed_decides():
    documents = random_documents(40, seed=2)

    def first(epoch, seed=0):
        batches = PackedBatches(documents, 4, 16, EOT, seed)
        return batches[epoch * batches.steps_per_epoch].inputs

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(0), first(1))
    assert not torch.equal(first(0), first(0, seed=1))


def test_a_batch_does_not_depend_on_which_were_asked_for_before():
    documents = random_documents(40, seed=3)
    batches, fresh = PackedBatches(documents, 4, 16, EOT), PackedBatches(documents, 4, 16, EOT)
    straight = [batches[step] for step in range(2 * batches.steps_per_epoch)]
    for step in (len(straight) - 1, 0, len(straight) // 2):
        assert torch.equal(fresh[step].inputs, straight[step].inputs)
        assert torch.equal(fresh[step].documents, straight[step].documents)


def test_packing_saves_the_filler_that_single_rows_need():
    texts = ["a" * n for n in (2, 9, 4, 12, 7, 3)]
    rows = story_batch(texts, Letters(), context_length=20)
    whole = packed(Letters().encode_batch(texts), 13, EOT)
    assert rows.n_tokens == whole.n_tokens == 37 + 6
    assert filler_share(rows) == pytest.approx(1 - 43 / (6 * 13))
    assert filler_share(whole) == pytest.approx(1 - 43 / (4 * 13))


def test_the_loop_trains_on_packed_batches():
    documents = [[1, 2, 3, 4, 5, 6, 7][:n] for n in (3, 5, 7, 4)] * 4
    torch.manual_seed(0)
    model = Decoder(DecoderConfig(vocab_size=9, context_length=12, d_model=16, n_layers=1, n_heads=2))
    batches = PackedBatches(documents, 8, 12, EOT)
    records = list(train(model, batches, packed_loss, adamw(model, lr=2e-2), warmup_cosine(40, 4), 40))
    assert records[0]["loss"] > 1.8
    assert records[-1]["loss"] < 0.6
    assert isinstance(batches[0], Batch)


def test_no_documents_are_an_error_that_says_so():
    with pytest.raises(ValueError, match="at least one document, got none"):
        packed([], 8, EOT)
    with pytest.raises(ValueError, match=r"got 0 documents, batch_size=2"):
        PackedBatches([], 2, 8, EOT)
    with pytest.raises(ValueError, match="context_length=0"):
        PackedBatches([[1]], 2, 0, EOT)
