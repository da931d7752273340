"""Chat templates: a conversation becomes one text with marks that say who speaks.

A chat model is a language model that has learned these marks, so the exact spelling matters: with another model's
template it answers worse or not at all. A format is data here: for each role what stands before the message, around
it, and after it. Marks that are special tokens are set by id; what people write is encoded as ordinary text, so no
message can smuggle in a mark. Where marks are ordinary text themselves (Llama 2's [INST]), a message that contains
one is refused, as in Meta's code.
The mask is true at what the assistant wrote, the mark that ends its turn included: it must learn to stop.
Convention: what the assistant wrote is cut into tokens by itself, because the model will write it after the prompt's
tokens. `transformers` cuts the joined text, which differs where a pattern looks across that place: GPT-2's cuts two
line breaks before a word apart, but not at the end of a prompt; an answer may begin with white space.

Source: Touvron et al. 2023, "Llama 2", arXiv:2307.09288, and chat_completion in its released generation.py; the
Llama 3 model card's prompt format, and ChatFormat in its released tokenizer.py; OpenAI 2023, "Chat Markup Language",
the file chatml.md of its Python package.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, Protocol, runtime_checkable

from helpers.tokenizers.special import split_on_special

CONTENT = "{content}"
Message = Mapping[str, str]  # {"role": "user", "content": "Who found the key?"}


@runtime_checkable
class Tokenizer(Protocol):
    """What a template needs of a tokenizer: ids of ordinary text, and the ids of special tokens by name."""

    special: dict[str, int]

    def encode(self, text: str) -> list[int]:
        """The ids of ordinary text."""


class EncodedChat(NamedTuple):
    """A conversation as a model reads it: ids, and for each of them whether the assistant wrote it."""

    ids: list[int]
    is_assistant: list[bool]


class Part(NamedTuple):
    """A stretch of the text: one special token, or ordinary text."""

    text: str
    is_mark: bool
    is_assistant: bool = False


@dataclass(frozen=True)
class Turn:
    """How a format writes the messages of one role.

    An assistant writes `written`, the message with the mark that ends it; the rest is the template's. `before` is
    therefore also the prompt that makes a model answer.
    """

    before: str
    written: str
    after: str = ""


@dataclass(frozen=True)
class ChatFormat:
    """A way to write conversations, given as data; `render` and `encode` apply it.

    Args:
        turns: how the messages of each role are written.
        special_tokens: the marks that are special tokens.
        start: what stands once, at the very beginning.
        text_marks: the marks that are ordinary text, which no message may contain.
        system_in_user: where a system message stands inside the first user's, if it has no turn of its own.
        is_stripped: whether white space around messages is dropped.
        alternates: whether user and assistant must take turns, the user first.
    """

    turns: Mapping[str, Turn]
    special_tokens: tuple[str, ...]
    start: str = ""
    text_marks: tuple[str, ...] = ()
    system_in_user: str = ""
    is_stripped: bool = True
    alternates: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles a message may have."""
        return (*self.turns, *(["system"] if self.system_in_user else []))

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = False) -> str:
        """The conversation as text, to look at. For a model use `encode`: in a text, marks can be forged."""
        return "".join(part.text for part in self._parts(messages, add_generation_prompt))

    def encode(
        self, messages: Sequence[Message], tokenizer: Tokenizer, *, add_generation_prompt: bool = False
    ) -> EncodedChat:
        """The conversation as ids, with the mask of what the assistant wrote.

        With `add_generation_prompt` it ends where the assistant's next answer begins. Raises ValueError if a role is
        unknown or out of turn, a message holds a mark, or the tokenizer lacks a special token of this format.
        """
        self._check_tokenizer(tokenizer)
        chat = EncodedChat([], [])
        parts = self._parts(messages, add_generation_prompt)
        for (is_mark, is_assistant), group in groupby(parts, key=lambda part: part[1:]):
            texts = [part.text for part in group]
            ids = [tokenizer.special[mark] for mark in texts] if is_mark else tokenizer.encode("".join(texts))
            chat.ids.extend(ids)
            chat.is_assistant.extend([is_assistant] * len(ids))
        return chat

    def _parts(self, messages: Sequence[Message], add_generation_prompt: bool) -> Iterator[Part]:
        check_messages(messages, self)
        yield from self._template(self.start)
        for message in self._without_system(messages):
            yield from self._turn(message)
        if add_generation_prompt:
            if self.alternates and messages[-1]["role"] != "user":
                raise ValueError(f"the assistant answers a user, got a last message by {messages[-1]['role']!r}")
            yield from self._template(self.turns["assistant"].before)

    def _turn(self, message: Message) -> Iterator[Part]:
        turn, is_assistant = self.turns[message["role"]], message["role"] == "assistant"
        content = message["content"].strip() if self.is_stripped else message["content"]
        opening, _, closing = turn.written.partition(CONTENT)
        yield from self._template(turn.before)
        yield from self._template(opening, is_assistant)
        yield Part(content, False, is_assistant)
        yield from self._template(closing, is_assistant)
        yield from self._template(turn.after)

    def _template(self, text: str, is_assistant: bool = False) -> Iterator[Part]:
        for piece in filter(None, split_on_special(text, self.special_tokens)):
            yield Part(piece, piece in self.special_tokens, is_assistant)

    def _without_system(self, messages: Sequence[Message]) -> Sequence[Message]:
        if messages[0]["role"] != "system" or not self.system_in_user:
            return messages
        system, user, *others = messages
        content = self.system_in_user.replace(CONTENT, system["content"]) + user["content"]
        return [{"role": "user", "content": content}, *others]

    def _check_tokenizer(self, tokenizer: Tokenizer) -> None:
        missing = [name for name in self.special_tokens if name not in tokenizer.special]
        if missing:
            raise ValueError(
                f"the tokenizer must know the special tokens of the chat format, got one without {', '.join(missing)}: "
                "make it with special_tokens that include them"
            )


def check_messages(messages: Sequence[Message], chat_format: ChatFormat) -> None:
    """Raise ValueError at the first message that the format cannot write."""
    if not messages:
        raise ValueError("a chat has at least one message, got none")
    for place, message in enumerate(messages):
        if not {"role", "content"} <= message.keys():
            raise ValueError(f"a message has a role and a content, got message {place} with {sorted(message)}")
        role = message["role"]
        if role not in chat_format.roles:
            raise ValueError(f"a role is one of {', '.join(chat_format.roles)}, got {role!r} in message {place}")
        if role == "system" and place > 0:
            raise ValueError(f"a system message comes first, got one as message {place}")
        forged = [mark for mark in chat_format.text_marks if mark in message["content"]]
        if forged:
            raise ValueError(
                f"in this format {forged[0]} is ordinary text that marks a turn, so no message may contain it, got it "
                f"in message {place}: remove it there"
            )
    if chat_format.alternates:
        check_turns([message["role"] for message in messages if message["role"] != "system"])


def check_turns(roles: Sequence[str]) -> None:
    """Raise ValueError unless user and assistant take turns, the user first."""
    if not roles:
        raise ValueError("this format writes the system message into the first user message, got no user message")
    for place, role in enumerate(roles):
        expected = ("user", "assistant")[place % 2]
        if role != expected:
            raise ValueError(
                f"user and assistant take turns, the user first: turn {place} must be the {expected}'s, got {role!r}"
            )


def same_for_all(before: str, written: str, after: str = "") -> dict[str, Turn]:
    """The turns of a format that writes all roles alike, with the role's name where {role} stands."""
    roles = ("system", "user", "assistant")
    return {role: Turn(before.replace("{role}", role), written, after) for role in roles}


TALES = ChatFormat(
    turns=same_for_all("<|{role}|>", "{content}<|end|>"),
    special_tokens=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
)

CHATML = ChatFormat(
    turns=same_for_all("<|im_start|>{role}\n", "{content}<|im_end|>", "\n"),
    special_tokens=("<|im_start|>", "<|im_end|>"),
    is_stripped=False,
)

LLAMA_2 = ChatFormat(
    turns={
        "user": Turn("<s>[INST] ", "{content} [/INST]"),
        "assistant": Turn("", " {content} </s>"),
    },
    special_tokens=("<s>", "</s>"),
    text_marks=("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"),
    system_in_user="<<SYS>>\n{content}\n<</SYS>>\n\n",
    alternates=True,
)

LLAMA_3 = ChatFormat(
    turns=same_for_all("<|start_header_id|>{role}<|end_header_id|>\n\n", "{content}<|eot_id|>"),
    special_tokens=("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    start="<|begin_of_text|>",
)

CHAT_FORMATS = {"tales": TALES, "chatml": CHATML, "llama-2": LLAMA_2, "llama-3": LLAMA_3}
