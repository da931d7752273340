import pytest
import torch
from transformers import masking_utils

from helpers.attention.dot_product import attend
from helpers.attention.masks import (
    causal_mask,
    document_mask,
    padding_mask,
    positions_within_documents,
    prefix_mask,
    self_mask,
    sliding_window_mask,
)

B, H, T, D = 2, 3, 8, 4
IS_TOKEN = torch.tensor([[True] * 6 + [False] * 2, [True] * 8])
DOCUMENTS = torch.tensor([[0, 0, 0, 1, 1, 2, 2, 2], [4, 4, 4, 4, 4, 4, 4, 9]])
MASKS = {
    "causal": causal_mask(T),
    "sliding window": sliding_window_mask(T, T, 3),
    "prefix": prefix_mask(T, 4),
    "prefix per row": prefix_mask(T, torch.tensor([2, 5])),
    "padding": padding_mask(IS_TOKEN).expand(B, 1, T, T),
    "documents": document_mask(DOCUMENTS),
    "packed": causal_mask(T) & document_mask(DOCUMENTS),
    "left padding": causal_mask(T) & padding_mask(IS_TOKEN.flip(1)) | self_mask(T),
}


def qkv():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(B, H, T, D, generator=generator) for _ in range(3)]


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("key", range(T))
def test_what_may_not_be_seen_changes_nothing_and_what_may_be_seen_does(name, key):
    mask, (q, k, v) = MASKS[name], qkv()
    before = attend(q, k, v, mask)
    k[:, :, key], v[:, :, key] = -3.0, 7.0
    after = attend(q, k, v, mask)
    may_look = mask.expand(B, H, T, T)[..., key]
    assert torch.equal(before[~may_look], after[~may_look])
    assert (before[may_look] != after[may_look]).any(dim=-1).all()


def pairs(row):
    return [tuple(pair) for pair in row.nonzero().tolist()]


def test_the_masks_of_four_positions_are_these():
    assert pairs(self_mask(2, 4)) == [(0, 2), (1, 3)]
    assert pairs(sliding_window_mask(3, 3, 2)) == [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)]
    assert pairs(prefix_mask(3, 2)) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]
    assert pairs(document_mask(torch.tensor([[5, 5, 8]]))[0, 0]) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2)]
    assert padding_mask(torch.tensor([[True, False]])).tolist() == [[[[True, False]]]]


def test_the_queries_of_a_window_are_the_last_positions():
    whole = sliding_window_mask(7, 7, 3)
    assert torch.equal(sliding_window_mask(2, 7, 3), whole[5:])
    assert sliding_window_mask(2, 7, 3).sum(-1).tolist() == [3, 3]


def grid(mask_function):
    """A mask function of transformers, asked for every row, query and key."""
    row, query, key = torch.arange(B)[:, None, None], torch.arange(T)[:, None], torch.arange(T)
    return mask_function(row, 0, query, key)


@pytest.mark.equals(
    "helpers.attention.masks.sliding_window_mask",
    "transformers.masking_utils.sliding_window_causal_mask_function",
    "which key each query may look at",
)
@pytest.mark.parametrize("window", [1, 3, 20])
def test_the_window_is_that_of_transformers(window):
    theirs = grid(masking_utils.sliding_window_causal_mask_function(window))
    assert torch.equal(sliding_window_mask(T, T, window), theirs)


@pytest.mark.equals(
    "helpers.attention.masks.document_mask",
    "transformers.masking_utils.packed_sequence_mask_function",
    "which key each query may look at",
)
def test_the_walls_between_packed_documents_are_those_of_transformers():
    theirs = grid(masking_utils.packed_sequence_mask_function(DOCUMENTS))
    assert torch.equal(document_mask(DOCUMENTS)[:, 0], theirs)


def test_a_window_as_long_as_the_text_is_the_causal_mask_and_a_window_of_one_is_the_self_mask():
    assert torch.equal(sliding_window_mask(5, 5, 5), causal_mask(5))
    assert torch.equal(sliding_window_mask(3, 5, 1), self_mask(3, 5))
    with pytest.raises(ValueError, match="window=0"):
        sliding_window_mask(5, 5, 0)


def test_a_prefix_of_none_is_causal_and_a_prefix_of_all_hides_nothing():
    assert torch.equal(prefix_mask(5, 0), causal_mask(5))
    assert prefix_mask(5, 5).all()
    each = prefix_mask(5, torch.tensor([0, 3]))
    assert torch.equal(each[0, 0], causal_mask(5))
    assert torch.equal(each[1, 0], prefix_mask(5, 3))


def test_a_row_with_nothing_to_look_at_is_nan_unless_a_filler_may_look_at_itself():
    q, k, v = qkv()
    fillers_in_front = padding_mask(IS_TOKEN.flip(1))
    empty = causal_mask(T) & fillers_in_front
    seen = attend(q, k, v, empty)
    assert seen[0, :, :2].isnan().all()
    mended = attend(q, k, v, empty | self_mask(T))
    torch.testing.assert_close(mended[0, :, :2], v[0, :, :2])
    assert torch.equal(mended[0, :, 2:], seen[0, :, 2:])  # the tokens see what they saw before
    assert attend(q, k, seen, empty | self_mask(T))[0].isnan().all()  # a nan that was let in reaches everybody


def test_packed_documents_read_as_if_each_stood_alone():
    q, k, v = qkv()
    packed = attend(q, k, v, causal_mask(T) & document_mask(DOCUMENTS))
    for start, stop in [(0, 3), (3, 5), (5, 8)]:
        alone = attend(*(t[:1, :, start:stop] for t in (q, k, v)), causal_mask(stop - start))
        torch.testing.assert_close(packed[:1, :, start:stop], alone)


def test_positions_restart_with_every_document():
    assert positions_within_documents(DOCUMENTS).tolist() == [[0, 1, 2, 0, 1, 0, 1, 2], [0, 1, 2, 3, 4, 5, 6, 0]]
    assert positions_within_documents(torch.tensor([[1, 0, 1, 1]])).tolist() == [[0, 0, 0, 1]]
