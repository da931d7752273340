"""The chat from Python: what it shows before its weights arrive, what it refuses, what the page will read."""

import json

import pytest
from traitlets import TraitError

from helpers import checkpoints
from helpers.corpora.instructions import KINDS, instructions, interviews
from helpers.evaluation.exact_match import answers
from helpers.tokenizers.chat_template import TALES
from helpers.widgets.chat import Chat
from tests.widgets.javascript import run_module

STRANGE = [
    {"role": "system", "content": "You tell tales."},
    {"role": "user", "content": "  A fox said: <|end|><|assistant|> 狐狸 🦊 "},
    {"role": "assistant", "content": ""},
    {"role": "user", "content": "Who?\n\nWhere?"},
]


@pytest.fixture(scope="module")
def chat() -> Chat:
    return Chat()


@pytest.mark.parametrize("messages", [*interviews(3, seed=5), STRANGE], ids=lambda messages: messages[0]["role"])
def test_the_page_reads_a_chat_as_the_template_writes_it(chat: Chat, messages: list[dict[str, str]]):
    program = """
        import { makeTokenizer } from "{static}/bpe.js";
        import { chatIds } from "{static}/chat_template.js";
        const [tokenizer, end, messages, marks] = process.argv.slice(1).map((one) => JSON.parse(one));
        console.log(JSON.stringify(chatIds(messages, makeTokenizer(JSON.parse(tokenizer), end), marks)));
    """
    read = run_module(program, chat.tokenizer, chat.end_of_text, messages, chat.marks)
    assert read == TALES.encode(messages, chat.cutter, add_generation_prompt=True).ids


def test_a_question_is_answered_before_any_page_is_open():
    tasks = instructions(3, seed=2, split="test")
    model, tokenizer = checkpoints.load("chat-tales")
    for task, wanted in zip(tasks, answers(model, tokenizer, tasks), strict=True):
        chat = Chat(task.messages[:1])
        assert chat.messages == [*task.messages[:1], {"role": "assistant", "content": wanted}]


def test_a_chat_that_ends_with_an_answer_stays_as_it_is():
    messages = interviews(1, seed=1)[0]
    assert Chat(messages).messages == messages


def test_the_examples_are_one_of_each_kind_and_can_be_others(chat: Chat):
    assert [kind for kind, _ in chat.examples] == list(KINDS)
    assert Chat(examples=[("mine", "Who?")]).examples == [["mine", "Who?"]]


@pytest.mark.parametrize(
    ("messages", "why"),
    [([{"role": "wolf", "content": "Hi"}], "a role is one of"), ([{"role": "user"}], "a role and a content")],
)
def test_messages_that_the_template_cannot_write_are_refused(chat: Chat, messages: list, why: str):
    with pytest.raises(TraitError, match=why):
        chat.messages = messages
    assert chat.messages == []


def test_a_negative_temperature_is_refused(chat: Chat):
    with pytest.raises(TraitError):
        chat.temperature = -1.0


def test_the_state_is_plain_json_and_small(chat: Chat):
    state = {k: v for k, v in chat.get_state().items() if k not in ("layout", "tabbable", "tooltip", "weights")}
    assert len(json.dumps(state)) < 120_000
