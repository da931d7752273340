"""Instructions have right answers, wrong answers are told from them, and tests ask nothing that training has asked."""

import re
from itertools import pairwise

import pytest

from helpers.corpora import tales
from helpers.corpora.instructions import _QUESTIONS as QUESTIONS
from helpers.corpora.instructions import (
    KINDS,
    NOT_SAID,
    ONE_SENTENCE_KINDS,
    SPLITS,
    Instruction,
    instructions,
    interviews,
    is_consistent,
    is_next_sentence,
    is_right,
)
from helpers.corpora.tales import LEXICON, POOLS
from helpers.corpora.tales_frames import FRAMES
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.chat_template import CHAT_FORMATS

SOME = {split: instructions(120, seed=5, split=split) for split in SPLITS}
STORY = (
    "Once upon a time there was an honest mouse named Leo. He lived near the lake with his friend Ida the fox. "
    "On his birthday his uncle gave him a red drum."
)


def of_kind(kind: str) -> list[Instruction]:
    return [i for i in SOME["train"] if i.kind == kind]


@pytest.mark.parametrize("split", SPLITS)
def test_every_given_answer_is_right(split: str):
    assert all(is_right(i, i.answer) and is_right(i, f" {i.answer}\n") for i in SOME[split])


def test_the_answer_to_another_instruction_is_almost_never_right():
    for kind in KINDS:
        asked = of_kind(kind)
        moved = [is_right(i, other.answer) for i, other in pairwise(asked)]
        if kind == "refuse":
            assert all(moved)  # there is one way to say no
        else:
            assert sum(moved) < 0.15 * len(moved)


def test_a_broken_answer_is_wrong():
    for i in SOME["train"]:
        assert not is_right(i, "")
        assert not is_right(i, i.answer[:-1])
        assert not is_right(i, f"{i.answer} {i.answer}")
        assert not is_right(i, i.answer.replace(i.answer[len(i.answer) // 2], "x"))


def test_one_next_sentence_is_right_and_half_of_one_or_two_are_not():
    one, two = (
        "One foggy morning Leo went to the river to gather reeds.",
        "There he met Anna, a cat who had lost the way.",
    )
    assert is_next_sentence(STORY, one)
    assert is_next_sentence(STORY, "Leo beat it from morning to night.")
    assert is_next_sentence(f"{STORY} {one}", two)
    assert not is_next_sentence(STORY, one.removesuffix(" to gather reeds."))
    assert not is_next_sentence(STORY, f"{one} {two}")
    assert not is_next_sentence(STORY, one.replace("reeds", "shells"))  # those are on the beach
    assert not is_next_sentence(STORY, one.replace("Leo", "Max"))
    assert not is_next_sentence(STORY, one.replace("foggy morning", "foggy  morning"))


def test_questions_are_first_of_all_those_that_end_the_tales_with_the_same_answers():
    for name, question in QUESTIONS.items():
        wording = f"{question.phrasings.trained[0]} {question.answer}"
        assert wording == FRAMES[f"ask {name}"][0][0]


def test_what_is_refused_is_not_in_the_story():
    for i in instructions(500, seed=4, kinds=["refuse"]):
        assert i.answer == NOT_SAID
        story = re.sub(r"(Who|Tell me who) (gave|brought|stole|found|was it that found) .*?[.?]", "", i.prompt)
        if re.search(r"[Ww]ho (gave|brought) [A-Z]", i.prompt):
            assert not re.search(r" gave (him|her)| got an? | a parcel|brought (him|her) an? \w+ \w+\.", story)
        if re.search(r"[Ww]ho (was it that )?found", i.prompt):
            assert not re.search(r" found the | it was the \w+!|there was the", story)
        if re.search(r"[Ww]ho stole", i.prompt):
            assert not re.search(r" stole the | carried the ", story)


def test_answers_stand_in_the_story():
    for i in of_kind("answer"):
        story = i.prompt.lower()
        fact = tales.words(i.answer.lower())[-3 if i.answer.endswith("did.") else -2]
        assert fact in story, i


def test_a_rewritten_sentence_agrees_with_the_new_word():
    rewritten = [i for i in instructions(600, seed=2, kinds=["rewrite"]) if "instead of" in i.prompt]
    assert any(re.search(r"\ban orange", i.answer) and re.search(r"\ba \w", i.prompt) for i in rewritten)
    assert any(re.search(r"\b[Hh]is ", i.answer) and re.search(r"\b[Hh]er ", i.prompt) for i in rewritten)
    for i in rewritten:
        assert not re.search(r"\ba orange|\ban (red|blue|green|silver)", i.answer)
        assert i.answer not in i.prompt


def test_one_english_sentence_has_one_chinese_translation():
    said = {}
    for i in instructions(1800, seed=3, kinds=["chinese"]):
        if not i.before:
            english = i.prompt.split("Chinese: ")[-1].split(" Now tell it")[0]
            assert said.setdefault(english, i.answer) == i.answer
    assert len(said) > 400


def test_what_a_translation_names_is_named_in_the_english_sentence():
    english, chinese = LEXICON["en"], LEXICON["zh"]
    for i in instructions(600, seed=4, kinds=["chinese"]):
        if not i.before:
            named = [key for slot in ("hero", "thing") for key in POOLS[slot] if chinese[key][""] in i.answer]
            assert all(english[key][""] in i.prompt for key in named), i


def test_a_chinese_answer_goes_on_with_the_plot_of_the_english_prompt():
    story = next(i for i in of_kind("chinese") if i.before)
    assert is_right(story, story.answer)
    other = next(i for i in of_kind("chinese") if i.before and i.before != story.before)
    assert not is_right(story, other.before)


def test_the_rest_of_a_story_is_consistent_and_one_with_another_hero_is_not():
    stories = of_kind("finish")
    assert all(is_consistent(i, i.answer) for i in stories)
    strangers = [is_consistent(i, other.answer) for i, other in pairwise(stories)]
    assert not any(strangers)
    assert all(" met " in i.before or " saw " in i.before for i in stories)


def test_an_interview_asks_several_questions_about_one_story_and_gets_what_single_questions_get():
    for messages in interviews(40, seed=1):
        assert [m["role"] for m in messages] == ["user", "assistant"] * 3
        first, *others = [m["content"] for m in messages[::2]]
        assert ". " in first
        assert all(len(question) < 60 for question in others)
    refused = sum(m["content"] == NOT_SAID for messages in interviews(200, seed=2) for m in messages)
    assert 0.3 < refused / 600 < 0.5
    assert interviews(3, seed=5) == interviews(3, seed=5) != interviews(3, seed=6)


def test_no_prompt_of_a_test_is_ever_trained_on():
    trained = {i.prompt for seed in range(10) for i in instructions(120, seed)}
    for split in ("test", "new phrasings"):
        assert not trained & {i.prompt for i in SOME[split]}


def test_new_phrasings_were_never_trained_on():
    def ways(split: str) -> set[str]:
        asked = instructions(120, 1, ["finish"], split)
        return {i.prompt.replace(i.before, "…") for i in asked}

    assert ways("train") == ways("test")
    assert ways("new phrasings")
    assert not ways("train") & ways("new phrasings")


def test_the_same_seed_gives_the_same_instructions_and_another_gives_others():
    assert instructions(30, 7) == instructions(30, 7)
    assert not {i.prompt for i in instructions(30, 7)} & {i.prompt for i in instructions(30, 8)}


def test_the_kinds_come_in_turn():
    assert [i.kind for i in instructions(7)] == [*KINDS, "answer"]
    assert {i.kind for i in instructions(10, kinds=ONE_SENTENCE_KINDS)} == set(ONE_SENTENCE_KINDS)


def test_every_conversation_fits_256_tokens():
    template = CHAT_FORMATS["tales"]
    texts = [text for pair in tales.parallel(600, seed=1) for text in pair]
    tokenizer = BPETokenizer.train(texts, n_merges=1200, special_tokens=("<|endoftext|>", *template.special_tokens))
    conversations = [i.messages for split in SPLITS for i in SOME[split]] + interviews(100)
    lengths = [len(template.encode(messages, tokenizer).ids) for messages in conversations]
    assert max(lengths) <= 256


def test_what_is_unknown_is_named():
    with pytest.raises(ValueError, match=r"kinds are some of answer, .* got 'sing'"):
        instructions(1, kinds=["sing"])
    with pytest.raises(ValueError, match="got none"):
        instructions(1, kinds=[])
    with pytest.raises(ValueError, match=r"split is one of 'train', .* got 'dev'"):
        instructions(1, split="dev")
