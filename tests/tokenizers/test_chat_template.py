"""Chats as text and ids: equal to transformers' templates, no mark can be smuggled in, the mask is the assistant's."""

import pytest
from tokenizers import AddedToken
from transformers import PreTrainedTokenizerFast

from helpers.tokenizers import CHAT_FORMATS, GPT2_PATTERN, LLAMA_3_PATTERN, BPETokenizer, CharacterTokenizer
from tests.tokenizers.awkward import AWKWARD
from tests.tokenizers.library import library_twin

# Written from the published descriptions; {% generation %} marks what the assistant writes.
TEMPLATES = {
    "llama-2": """
        {%- if messages[0].role == 'system' -%}
            {%- set system = '<<SYS>>\\n' + messages[0].content + '\\n<</SYS>>\\n\\n' -%}
            {%- set turns = messages[1:] -%}
        {%- else -%}
            {%- set system = '' -%}
            {%- set turns = messages -%}
        {%- endif -%}
        {%- for message in turns -%}
            {%- if message.role == 'user' -%}
                {{- '<s>[INST] ' + ((system if loop.first else '') + message.content) | trim + ' [/INST]' -}}
            {%- else -%}
                {%- generation -%}{{- ' ' + message.content | trim + ' </s>' -}}{%- endgeneration -%}
            {%- endif -%}
        {%- endfor -%}""",
    "llama-3": """
        {{- '<|begin_of_text|>' -}}
        {%- for message in messages -%}
            {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' -}}
            {%- if message.role == 'assistant' -%}
                {%- generation -%}{{- message.content | trim + '<|eot_id|>' -}}{%- endgeneration -%}
            {%- else -%}
                {{- message.content | trim + '<|eot_id|>' -}}
            {%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}""",
    "chatml": """
        {%- for message in messages -%}
            {{- '<|im_start|>' + message.role + '\\n' -}}
            {%- if message.role == 'assistant' -%}
                {%- generation -%}{{- message.content + '<|im_end|>' -}}{%- endgeneration -%}
            {%- else -%}
                {{- message.content + '<|im_end|>' -}}
            {%- endif -%}
            {{- '\\n' -}}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}""",
}
every_format = pytest.mark.parametrize("name", CHAT_FORMATS)
every_published_format = pytest.mark.parametrize("name", TEMPLATES)
SYSTEM = {"role": "system", "content": "You are a bear.\nBe brief. "}


def said(*contents: str) -> list[dict[str, str]]:
    """The contents as messages of user and assistant in turn."""
    return [{"role": ("user", "assistant")[i % 2], "content": content} for i, content in enumerate(contents)]


CHATS = {
    "one question": said("Who found the key?"),
    "with a system message": [SYSTEM, *said("  Who?\n", "The fox.", "Where did it\n\n hide it?")],
    "an answered chat": said("a", "b", "c", "d"),
    "an empty answer": said("a", "", "", "d "),
    "awkward words": said(*[text.lstrip() for name, text in AWKWARD.items() if name != "looks special"]),
}
every_chat = pytest.mark.parametrize("chat", CHATS.values(), ids=CHATS.keys())


def made_for(name: str, merges: list) -> BPETokenizer:
    """A tokenizer with the special tokens of a format, Llama 3's with its own pattern."""
    pattern = LLAMA_3_PATTERN if name == "llama-3" else GPT2_PATTERN
    return BPETokenizer(merges, CHAT_FORMATS[name].special_tokens, pattern)


def transformers_twin(tokenizer: BPETokenizer, template: str) -> PreTrainedTokenizerFast:
    """transformers with the same merges, ids and special tokens, and a template."""
    library = library_twin(tokenizer)
    library.add_special_tokens([AddedToken(name, normalized=False) for name in tokenizer.special])
    return PreTrainedTokenizerFast(tokenizer_object=library, chat_template=template)


@pytest.mark.equals(
    "helpers.tokenizers.ChatFormat.render",
    "transformers.PreTrainedTokenizerFast.apply_chat_template",
    "a chat as text in the formats of Llama 2, Llama 3 and ChatML",
)
@every_published_format
@every_chat
@pytest.mark.parametrize("prompt", [False, True])
def test_the_text_of_a_chat_equals_that_of_transformers(tokenizer, name, chat, prompt):
    if prompt and chat[-1]["role"] == "assistant":
        chat = chat[:-1]
    twin = transformers_twin(made_for(name, tokenizer.merges), TEMPLATES[name])
    theirs = twin.apply_chat_template(chat, tokenize=False, add_generation_prompt=prompt)
    assert CHAT_FORMATS[name].render(chat, add_generation_prompt=prompt) == theirs


@pytest.mark.equals(
    "helpers.tokenizers.ChatFormat.encode",
    "transformers.PreTrainedTokenizerFast.apply_chat_template",
    "ids of a chat, and the mask of what the assistant wrote",
)
@every_published_format
@every_chat
def test_the_ids_and_the_mask_of_a_chat_equal_those_of_transformers(tokenizer, name, chat):
    ours = made_for(name, tokenizer.merges)
    theirs = transformers_twin(ours, TEMPLATES[name]).apply_chat_template(
        chat, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    encoded = CHAT_FORMATS[name].encode(chat, ours)
    assert encoded.ids == theirs["input_ids"]
    assert encoded.is_assistant == [bool(m) for m in theirs["assistant_masks"]]


@every_format
@every_chat
def test_the_ids_of_a_chat_spell_its_text(tokenizer, name, chat):
    ours = made_for(name, tokenizer.merges)
    assert ours.decode(CHAT_FORMATS[name].encode(chat, ours).ids) == CHAT_FORMATS[name].render(chat)


@every_format
def test_the_mask_is_true_at_the_answers_and_the_marks_that_end_them(tokenizer, name):
    ours = made_for(name, tokenizer.merges)
    ids, is_assistant = CHAT_FORMATS[name].encode([SYSTEM, *said("Who?", "The fox.", "Where?", "Here.")], ours)
    written = ours.decode([i for i, by_assistant in zip(ids, is_assistant, strict=True) if by_assistant])
    expected = {
        "tales": "The fox.<|end|>Here.<|end|>",
        "chatml": "The fox.<|im_end|>Here.<|im_end|>",
        "llama-2": " The fox. </s> Here. </s>",
        "llama-3": "The fox.<|eot_id|>Here.<|eot_id|>",
    }
    assert written == expected[name]


@every_format
@pytest.mark.parametrize("answer", ["The fox.", "  indented", "\n\nnew line", "好"])
def test_a_prompt_is_the_beginning_of_the_chat_that_answers_it(tokenizer, name, answer):
    ours = made_for(name, tokenizer.merges)
    question = said("Who found the key?")
    prompt = CHAT_FORMATS[name].encode(question, ours, add_generation_prompt=True)
    whole = CHAT_FORMATS[name].encode([*question, {"role": "assistant", "content": answer}], ours)
    assert whole.ids[: len(prompt.ids)] == prompt.ids
    assert whole.is_assistant.index(True) == len(prompt.ids)
    assert not any(prompt.is_assistant)


@every_format
def test_special_tokens_spelled_in_a_message_stay_ordinary_text(tokenizer, name):
    ours = made_for(name, tokenizer.merges)
    special = set(ours.special.values())
    honest, forger = (
        [i for i in CHAT_FORMATS[name].encode(said(text, text), ours).ids if i in special]
        for text in ("hello", f"hello {' '.join(CHAT_FORMATS[name].special_tokens)} there")
    )
    assert forger == honest


@pytest.mark.parametrize("mark", ["[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"])
def test_a_message_with_a_mark_that_is_ordinary_text_is_refused(mark):
    with pytest.raises(ValueError, match="no message may contain it, got it in message 1: remove"):
        CHAT_FORMATS["llama-2"].render(said("hello", f"a{mark}b"))


def test_a_character_tokenizer_can_encode_a_chat():
    chat = CHAT_FORMATS["tales"]
    ours = CharacterTokenizer("Who? Fox", special_tokens=chat.special_tokens)
    assert ours.decode(chat.encode(said("Who?", "Fox"), ours).ids) == "<|user|>Who?<|end|><|assistant|>Fox<|end|>"


@every_format
def test_an_unknown_role_is_refused(name):
    with pytest.raises(ValueError, match=r"a role is one of .*system.*, got 'robot' in message 0"):
        CHAT_FORMATS[name].render([{"role": "robot", "content": "beep"}])


@every_format
def test_a_late_system_message_is_refused(name):
    with pytest.raises(ValueError, match="a system message comes first, got one as message 2"):
        CHAT_FORMATS[name].render([*said("a", "b"), SYSTEM])


@pytest.mark.parametrize("roles", [["assistant"], ["user", "user"], ["system", "assistant"], ["user", "assistant"] * 2])
def test_roles_that_do_not_alternate_are_refused_only_where_the_format_demands_it(roles):
    chat = [{"role": role, "content": "hm"} for role in roles]
    CHAT_FORMATS["llama-3"].render(chat)
    if roles == ["user", "assistant"] * 2:
        assert CHAT_FORMATS["llama-2"].render(chat).count("[INST]") == 2
        return
    with pytest.raises(ValueError, match="user and assistant take turns, the user first: turn"):
        CHAT_FORMATS["llama-2"].render(chat)


def test_what_is_no_chat_is_refused():
    with pytest.raises(ValueError, match="at least one message"):
        CHAT_FORMATS["llama-3"].render([])
    with pytest.raises(ValueError, match=r"got message 0 with \['text'\]"):
        CHAT_FORMATS["llama-3"].render([{"text": "hello"}])
    with pytest.raises(ValueError, match="got no user message"):
        CHAT_FORMATS["llama-2"].render([SYSTEM])
    with pytest.raises(ValueError, match="answers a user, got a last message by 'assistant'"):
        CHAT_FORMATS["llama-2"].render(said("a", "b"), add_generation_prompt=True)


def test_a_tokenizer_without_the_special_tokens_is_refused(tokenizer):
    with pytest.raises(ValueError, match=r"got one without <\|im_start\|>, <\|im_end\|>"):
        CHAT_FORMATS["chatml"].encode(said("hello"), tokenizer)
