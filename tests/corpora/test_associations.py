import torch

from helpers.corpora.associations import N_SYMBOLS, associations, is_known


def rows(n=500, n_pairs=16, fewest=2, seed=0):
    return associations(n, n_pairs, torch.Generator().manual_seed(seed), fewest)


def test_within_a_row_a_symbol_has_one_label():
    for row in rows(50).tolist():
        pairs = set(zip(row[::2], row[1::2], strict=True))
        assert len({symbol for symbol, _ in pairs}) == len(pairs)


def test_symbols_and_labels_are_different_ids():
    ids = rows()
    assert ids[:, ::2].max() < N_SYMBOLS <= ids[:, 1::2].min()
    assert ids.max() < 2 * N_SYMBOLS


def test_dictionaries_differ_from_row_to_row():
    ids = rows()
    labels_of_first = {row[1] for row in ids.tolist() if row[0] == 0}
    assert len(labels_of_first) == N_SYMBOLS


def test_a_label_is_known_exactly_where_its_symbol_came_before():
    ids = torch.tensor([[0, 9, 1, 8, 0, 9, 2, 8, 1, 8]])
    assert is_known(ids).tolist() == [[False, False, True, False, True]]


def test_with_all_symbols_in_use_the_share_of_known_labels_is_as_computed():
    known = is_known(rows(4000, fewest=N_SYMBOLS)).float().mean(0)
    expected = torch.tensor([1 - (7 / 8) ** n for n in range(16)])
    torch.testing.assert_close(known, expected, atol=0.03, rtol=0)


def test_rows_with_few_symbols_are_there_unless_asked_away():
    few = [len(set(row[::2])) for row in rows().tolist()]
    many = [len(set(row[::2])) for row in rows(fewest=N_SYMBOLS).tolist()]
    assert min(few) <= 2 < max(few)
    assert min(many) > 3
