"""One id per word."""

import pytest

from helpers.tokenizers import WordTokenizer


def test_words_come_back():
    tokenizer = WordTokenizer(["fox", "小狐狸", "fox", "."])
    assert tokenizer.vocab_size == 4
    assert tokenizer.eot_id == 0
    assert tokenizer.encode(["小狐狸", "."]) == [2, 3]
    assert tokenizer.decode([2, 3, 0]) == ["小狐狸", ".", "<|endoftext|>"]


def test_an_unknown_word_is_named():
    with pytest.raises(ValueError, match="owl"):
        WordTokenizer(["fox"]).encode(["fox", "owl"])
