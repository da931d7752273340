"""The generated crawl says the truth about itself: shares, sources, copies, and sums that are right."""

import math
import random
import re
from collections import Counter

import pytest

from helpers.corpora import dirt, tales
from helpers.corpora.arithmetic_text import addition, number_words, subtraction
from helpers.corpora.crawl import SHARES, SOURCES, crawl
from helpers.corpora.documents import lines_of, sentences_of, words_of
from helpers.corpora.facts import RELATIONS, World, question
from helpers.corpora.foreign_sentences import FOREIGN, foreign_text
from helpers.corpora.forum import thread

CRAWL = crawl(1200, seed=5)


def of(kind):
    return [document for document in CRAWL.documents if document.dirt == kind]


def test_the_same_seed_brings_the_same_crawl_and_another_seed_another():
    assert crawl(30, seed=1) == crawl(30, seed=1)
    assert crawl(30, seed=1).documents != crawl(30, seed=2).documents


def test_dirt_and_sources_come_in_the_stated_shares():
    n = len(CRAWL.documents)
    for counts, shares in (
        (Counter(d.dirt for d in CRAWL.documents), SHARES),
        (Counter(d.source for d in CRAWL.documents if not d.dirt), {k: s.share for k, s in SOURCES.items()}),
    ):
        total = n if shares is SHARES else counts.total()
        for name, share in shares.items():
            assert abs(counts[name] - share * total) < 4 * math.sqrt(total * share * (1 - share)), name


def test_a_copy_is_word_for_word_and_a_near_copy_is_not():
    texts = {d.origin: d.text for d in of("")}
    assert all(d.text == texts[d.origin] for d in of("copy"))
    assert of("near copy")
    assert all(d.text != texts[d.origin] for d in of("near copy"))


def test_boilerplate_stands_around_the_text_on_lines_of_its_own():
    for document in of("boilerplate"):
        kept = [line for line in lines_of(document.text) if line not in document.boilerplate]
        assert kept
        assert len(document.boilerplate) >= 3
        assert document.text == "\n".join(
            [line for line in document.text.split("\n") if line in document.boilerplate or line in kept]
        )


def test_a_leak_holds_sentences_of_the_held_out_text_it_names():
    assert of("leak")
    for document in of("leak"):
        sentences = [s.strip() for s in sentences_of(CRAWL.held_out[document.quotes])]
        assert sum(sentence in document.text for sentence in sentences) >= min(5, len(sentences) - 1)
    assert all(d.quotes == -1 for d in CRAWL.documents if "leak" not in d.dirt)


def test_no_planted_flaw_leaves_the_text_as_it_was():
    rng = random.Random(0)
    for language in tales.LANGUAGES:
        text = tales.tale(rng, language).text
        for spoil in (*dirt.GIBBERISH, dirt.word_salad):
            assert spoil(text, rng) != text
        assert dirt.near_copy(text, rng)[0] != text


def test_an_edit_changes_about_its_share_of_the_words():
    text = " ".join(f"word{n}" for n in range(400))
    changed = [a != b for a, b in zip(text.split(), dirt.edited(text, random.Random(0), 0.1).split(), strict=True)]
    assert 36 <= sum(changed) <= 40  # a word may be replaced by itself


def test_unknown_dirt_is_an_error_that_names_what_there_is():
    with pytest.raises(ValueError, match=r"near copy.*'glitter'"):
        crawl(10, seed=0, shares={"glitter": 0.5})
    with pytest.raises(ValueError, match="sum to at most 1"):
        crawl(10, seed=0, shares={"copy": 0.7, "leak": 0.7})


def test_sentences_and_lines_lose_nothing():
    for language in tales.LANGUAGES:
        text = tales.stories(1, 3, language)[0]
        assert "".join(sentences_of(text)) == text
        assert len(sentences_of(text)) > 8
    assert lines_of("a\n\n b\n") == ["a", " b"]
    assert words_of("Zoë's 12 小鼓") == ["zoë's", "12", "小", "鼓"]


def value_of(words):
    """Reads a number in words, in another way than it was written: hundred multiplies, the rest adds."""
    small = {number_words(n): n for n in [*range(20), *range(20, 100, 10)]}
    total = 0
    for word in words.replace("-", " ").split():
        total = total * 100 if word == "hundred" else total + small[word]
    return total


def test_every_number_up_to_999_is_said_so_that_it_can_be_read_back():
    assert [value_of(number_words(n)) for n in range(1000)] == list(range(1000))
    with pytest.raises(ValueError, match="got 1000"):
        number_words(1000)


def test_every_step_of_every_sum_is_right():
    rng, number = random.Random(1), r"([a-z-]+(?: hundred(?: [a-z-]+)?)?)"
    for _ in range(300):
        worked = addition(rng)
        assert worked.answer == worked.first + worked.second
        for a, b, carry, c in re.findall(
            rf"are (\S+) and (\S+?)( and the carried one)?, together {number}", worked.text
        ):
            assert value_of(a) + value_of(b.strip(",")) + bool(carry) == value_of(c)
        assert "Now " in worked.text
        assert f"has {number_words(worked.answer)} " in worked.text
        worked = subtraction(rng)
        steps = re.findall(r"takes (\S+) from (\S+), and (\S+) are left", worked.text)
        assert len(steps) == 2
        assert all(value_of(b) - value_of(a) == value_of(c) for a, b, c in steps)
        assert steps[-1][2] == number_words(worked.answer) == number_words(worked.first - worked.second)


def test_an_article_tells_only_what_is_true_of_its_towns():
    world, rng = World(50, seed=3), random.Random(0)
    told = Counter()
    for _ in range(200):
        article = world.article(rng)
        town = min(re.findall(r"\w+", article.split(".")[0]), key=lambda word: word not in world.towns)
        for relation in RELATIONS:
            told[relation] += bool(re.search(rf"\b{world.value(town, relation)}\b", article))
    assert all(n == 200 for n in told.values())
    assert len(world.facts) == 50 * len(RELATIONS)
    assert World(50, seed=3).facts == world.facts != World(50, seed=4).facts


def test_the_answer_to_a_question_about_a_town_is_not_in_the_question():
    asked = [question(fact) for fact in World(80).facts]
    assert all(answer not in re.findall(r"\w+", text) for text, answer in asked)
    assert len({text for text, _ in asked}) == len(asked)
    with pytest.raises(ValueError, match="2 to"):
        World(1)


def test_a_forum_answers_from_the_tale_that_it_quotes():
    rng = random.Random(2)
    for _ in range(100):
        quoted, *talk = lines_of(thread(rng))
        assert len(talk) == 4
        for answer in re.findall(r"it was (?:his|her) (\w+)|to the (\w+)|is called (\w+)", "\n".join(talk)):
            assert next(filter(None, answer)) in quoted


def test_each_foreign_language_speaks_in_its_own_words():
    texts = {language: set(words_of(foreign_text(random.Random(0), language))) for language in FOREIGN}
    for language, words in texts.items():
        assert all(len(words & other) < 0.3 * len(words) for name, other in texts.items() if name != language)
    with pytest.raises(ValueError, match="got 'tlh'"):
        foreign_text(random.Random(0), "tlh")
