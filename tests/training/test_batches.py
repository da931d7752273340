import pytest
import torch

from helpers.training import LabelledBatches, StoryBatches, TextBatches, labelled_batch, story_batch


class Letters:
    eot_id = 0

    def encode_batch(self, texts):
        return [[ord(c) - 96 for c in text] for text in texts]


def test_targets_are_the_inputs_shifted_by_one():
    batch = TextBatches(torch.arange(50), batch_size=3, context_length=8)[0]
    assert torch.equal(batch.targets, batch.inputs + 1)


def test_a_batch_depends_on_the_seed_and_the_step_alone():
    def inputs(seed, step):
        return TextBatches(torch.arange(5000), 4, 8, seed)[step].inputs

    assert torch.equal(inputs(1, 7), inputs(1, 7))
    assert not torch.equal(inputs(1, 7), inputs(1, 8))
    assert not torch.equal(inputs(1, 7), inputs(2, 7))


def test_every_window_of_the_text_can_be_drawn():
    batches = TextBatches(torch.arange(10), 64, 8)
    assert {int(i) for i in batches[0].inputs[:, 0]} == {0, 1}


def test_a_story_row_asks_for_the_story_and_its_end_and_for_nothing_on_padding():
    batch = story_batch(["abc", "a"], Letters(), context_length=10)
    assert batch.inputs.tolist() == [[0, 1, 2, 3], [0, 1, 0, 0]]
    assert batch.targets.tolist() == [[1, 2, 3, 0], [1, 0, -100, -100]]
    assert batch.n_tokens == 6


def test_a_story_longer_than_the_context_is_cut():
    batch = story_batch(["abcdefgh"], Letters(), context_length=4)
    assert batch.inputs.tolist() == [[0, 1, 2, 3]]
    assert batch.targets.tolist() == [[1, 2, 3, 4]]


def test_each_step_and_seed_brings_new_stories():
    asked = []
    batches = [StoryBatches(lambda s: asked.append(s) or ["ab"], Letters(), 8, seed) for seed in (0, 1)]
    for b in batches:
        for step in range(3):
            b[step]
    assert len(set(asked)) == 6


def test_a_text_shorter_than_the_context_is_refused():
    with pytest.raises(ValueError, match="context_length=8 tokens, got 8"):
        TextBatches(torch.arange(8), 1, 8)


def test_labelled_texts_end_at_their_last_token():
    batch = labelled_batch(["abc", "a"], [1, 0], Letters(), context_length=10)
    assert batch.inputs.tolist() == [[0, 1, 2, 3, 0], [0, 1, 0, 0, 0]]
    assert batch.last.tolist() == [4, 2]
    assert batch.n_tokens == 8


def test_a_pick_has_no_story_twice_and_keeps_each_label_with_its_text():
    examples = labelled_batch(["a" * n for n in range(1, 9)], list(range(1, 9)), Letters(), 20)
    batches = LabelledBatches(examples, batch_size=6)
    picked = batches[3]
    assert len(set(picked.labels.tolist())) == 6
    assert torch.equal(picked.last - 1, picked.labels)
    assert torch.equal(picked.labels, batches[3].labels)
    assert not torch.equal(picked.labels, batches[4].labels)
    with pytest.raises(ValueError, match="8 examples, got batch_size=9"):
        LabelledBatches(examples, batch_size=9)
