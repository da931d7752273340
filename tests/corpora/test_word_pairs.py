from helpers.corpora import tales
from helpers.corpora.translation import pairs
from helpers.corpora.word_pairs import dictionary


def test_names_and_colours_find_their_chinese_words():
    found = dictionary((p.english, p.chinese) for p in pairs(800, seed=3))
    for word in ("Mia", "Oscar", "silver", "drum"):
        assert found[word] in tales.LEXICON["zh"][word][""]


def test_a_word_that_always_comes_with_another_is_its_translation():
    found = dictionary([(["a", "x"], ["1", "9"]), (["b", "x"], ["2", "9"]), (["a"], ["1"])])
    assert found == {"a": "1", "b": "2", "x": "9"}
