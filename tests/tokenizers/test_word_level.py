import doctest
import random

from helpers.corpora import tales
from helpers.tokenizers import WordLevelTokenizer, word_level


def test_words_of_a_tale_are_those_of_the_storyteller():
    for story in tales.stories(20, seed=3):
        assert word_level.split_words(story) == tales.words(story)


def test_known_words_come_back_with_spaces_between_them():
    tokenizer = WordLevelTokenizer.train(["the fox ran .", "the owl slept ."])
    assert tokenizer.decode(tokenizer.encode("the owl ran.")) == "the owl ran ."


def test_a_new_word_is_lost_and_only_that_one():
    tokenizer = WordLevelTokenizer.train(["the fox ran."])
    ids = tokenizer.encode("the dragon ran.")
    assert [i == tokenizer.unknown_id for i in ids] == [False, True, False, False]
    assert tokenizer.decode(ids) == "the <unk> ran ."


def test_ids_are_words_in_order_then_unknown_then_the_end():
    tokenizer = WordLevelTokenizer.train(["b a c"])
    assert tokenizer.encode("a b c") == [0, 1, 2]
    assert (tokenizer.unknown_id, tokenizer.eot_id, tokenizer.vocab_size) == (3, 4, 5)


def test_the_order_of_the_texts_does_not_matter():
    texts = tales.stories(30, seed=1)
    shuffled = random.Random(0).sample(texts, len(texts))
    assert WordLevelTokenizer.train(texts).names == WordLevelTokenizer.train(shuffled).names


def test_a_line_break_is_a_word():
    assert word_level.split_words("one line\nand another") == ["one", "line", "\n", "and", "another"]


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(word_level).failed == 0
