"""A chat with a tuned model, in the page: write a message, read the answer, and see what the model reads.

The answer is written in JavaScript (static/chat.js). What stands there before the weights arrive was written here.
"""

from collections.abc import Sequence
from typing import Any

import traitlets

from helpers import sampling
from helpers.corpora.instructions import instructions
from helpers.models import Decoder
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.chat_template import TALES, Message, check_messages
from helpers.widgets.bundle import module, style
from helpers.widgets.live_model import LABELS as LIVE_LABELS
from helpers.widgets.live_model import LiveModel

LABELS = LIVE_LABELS | {
    "name": "A chat with the model",
    "log": "The chat so far",
    "system": "system",
    "user": "you",
    "assistant": "model",
    "examples": "An example",
    "pick": "choose …",
    "draft": "Your message",
    "send": "Send",
    "clear": "New chat",
    "temperature": "Temperature",
    "greedy": "0 greedy",
    "raw": "What the model reads",
    "full": "The context of {n} tokens is full. Begin a new chat.",
    "cut": " … (the context is full)",
}


class Chat(LiveModel):
    """Messages in the book's own chat format, and the model's answers.

    `messages` is the chat so far; if a user spoke last, the answer is added. `draft` is what is being typed.
    `examples` are (name, message) pairs to pick from; without any, one instruction of each kind that no training has.
    """

    _esm = module("chat.js")
    _css = style("chat.css")

    messages = traitlets.List(traitlets.Dict()).tag(sync=True)
    draft = traitlets.Unicode("").tag(sync=True)
    temperature = traitlets.Float(0.0, min=0.0).tag(sync=True)
    seed = traitlets.Int(7).tag(sync=True)
    examples = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    labels = traitlets.Dict(LABELS).tag(sync=True)

    def __init__(
        self,
        messages: Sequence[Message] = (),
        model: str | Decoder = "chat-tales",
        tokenizer: BPETokenizer | None = None,
        *,
        examples: Sequence[tuple[str, str]] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(model, tokenizer, **settings)
        self.marks = {mark.strip("<|>"): self.cutter.special[mark] for mark in TALES.special_tokens}
        if examples is None:
            examples = [(task.kind, task.prompt) for task in instructions(6, seed=3, split="test")]
        self.examples = [list(pair) for pair in examples]
        self.messages = [dict(message) for message in messages]
        if messages and messages[-1]["role"] == "user":
            self.messages = [*self.messages, {"role": "assistant", "content": self._answer_to(messages)}]

    @traitlets.validate("messages")
    def _messages_can_be_written(self, proposal: Any) -> list[dict[str, str]]:
        if proposal["value"]:
            try:
                check_messages(proposal["value"], TALES)
            except ValueError as error:
                raise traitlets.TraitError(str(error)) from error
        return proposal["value"]

    def _answer_to(self, messages: Sequence[Message]) -> str:
        """The likeliest answer, as the page would write it at temperature 0."""
        chat = sampling.LocalChat(self.decoder, self.cutter, TALES)
        chat.n_new = self.decoder.config.context_length - len(chat.prompt(messages))
        return chat(messages)
