import doctest

import pytest

from helpers.tokenizers import CharacterTokenizer, characters


def test_text_of_known_characters_comes_back_unchanged():
    text = "小熊 found\nthe key 🗝️"
    tokenizer = CharacterTokenizer.train(text)
    assert tokenizer.decode(tokenizer.encode(text[::-1])) == text[::-1]


def test_ids_follow_the_code_points_and_special_tokens_come_last():
    tokenizer = CharacterTokenizer.train("cabbage", special_tokens=["<|endoftext|>"])
    assert tokenizer.encode("abceg") == [0, 1, 2, 3, 4]
    assert (tokenizer.eot_id, tokenizer.vocab_size) == (5, 6)
    assert tokenizer.decode([0, 5]) == "a<|endoftext|>"


def test_an_unknown_character_is_named_with_its_position():
    tokenizer = CharacterTokenizer.train("abc")
    with pytest.raises(ValueError, match=r"got 'é' at position=2"):
        tokenizer.encode("abé")


def test_a_saved_tokenizer_comes_back_the_same(tmp_path):
    tokenizer = CharacterTokenizer.train("héllo\n世界", special_tokens=["<|endoftext|>"])
    tokenizer.save(tmp_path / "characters.json")
    loaded = CharacterTokenizer.load(tmp_path / "characters.json")
    assert loaded.encode("世界\n") == tokenizer.encode("世界\n")
    assert loaded.special == tokenizer.special


def test_tokens_show_white_space():
    assert CharacterTokenizer.train("a b\n").tokens("a b\n") == ["a", "·", "b", "↵"]


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(characters).failed == 0
