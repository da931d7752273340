"""Chat: a conversation goes in, the assistant's next message comes out; from a model here or behind an address.

Whatever needs a chat takes a function from messages to a text. A shipped model of this book is one. A program that
serves models by the widely used protocol of OpenAI (llama.cpp, vLLM, Ollama, hosted services) is another: set
`OPENAI_BASE_URL` to its address, and `chat_from_environment` asks there instead.

Source: OpenAI, "API Reference", Chat Completions: what `POST /chat/completions` takes and gives.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from helpers.runtime import generator
from helpers.sampling.generate import generate
from helpers.sampling.language_model import LanguageModel, device_of
from helpers.tokenizers import CHAT_FORMATS, BPETokenizer, ChatFormat
from helpers.tokenizers.chat_template import Message

Chat = Callable[[Sequence[Message]], str]
URL, KEY, MODEL = "OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"


@dataclass
class LocalChat:
    """A model of this process as a chat. Temperature 0 gives the most likely answer."""

    model: LanguageModel
    tokenizer: BPETokenizer
    chat_format: ChatFormat = CHAT_FORMATS["tales"]
    end: str = "<|end|>"
    n_new: int = 100
    temperature: float = 0.0
    seed: int = 0

    def __call__(self, messages: Sequence[Message]) -> str:
        """The next message."""
        return self.answers([messages])[0]

    def answers(self, conversations: Sequence[Sequence[Message]], rows_at_once: int = 64) -> list[str]:
        """The next message of each conversation, as far as it went where a turn is never ended.

        Those of like length are written together: a long one leaves its neighbours less room in the context.
        """
        prompts = [self.prompt(messages) for messages in conversations]
        order, written = sorted(range(len(prompts)), key=lambda i: len(prompts[i])), [""] * len(prompts)
        stop = self.tokenizer.special[self.end]
        for first in range(0, len(order), rows_at_once):
            places = order[first : first + rows_at_once]
            chance = generator(self.seed + first, device_of(self.model) or "cpu")
            rows = generate(
                self.model, [prompts[i] for i in places], self.n_new, temperature=self.temperature, stop=[stop],
                generator=chance,
            )  # fmt: skip
            for i, row in zip(places, rows.tolist(), strict=True):
                written[i] = self.tokenizer.decode(row[: row.index(stop)] if stop in row else row)
        return written

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The ids after which the assistant's next message begins."""
        return self.chat_format.encode(messages, self.tokenizer, add_generation_prompt=True).ids


@dataclass(frozen=True)
class Endpoint:
    """A model behind an address, such as "http://localhost:8080/v1", that speaks OpenAI's protocol."""

    url: str
    model: str
    key: str = ""
    temperature: float = 0.0
    timeout_s: float = 60.0

    def __call__(self, messages: Sequence[Message]) -> str:
        """The next message. Raises ConnectionError with what went wrong, and what to look at."""
        body = {"model": self.model, "messages": [dict(m) for m in messages], "temperature": self.temperature}
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        address = f"{self.url.rstrip('/')}/chat/completions"
        request = urllib.request.Request(address, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                content = json.load(answer)["choices"][0]["message"]["content"]
        except urllib.error.HTTPError as error:
            said = error.read()[:300].decode(errors="replace")
            raise ConnectionError(
                f"{address} answered {error.code}: {said}. Are the key and the model right?"
            ) from error
        except OSError as error:
            raise ConnectionError(
                f"nobody answers at {address} ({error}): is the server running, is {URL} right?"
            ) from error
        except (ValueError, LookupError, TypeError) as error:
            raise ConnectionError(f"{address} gave no chat completion: does its address end in /v1?") from error
        return content or ""


def chat_from_environment(local: Callable[[], Chat]) -> Chat:
    """The endpoint that the environment names, or else the local model, which is only then loaded."""
    if url := os.environ.get(URL):
        return Endpoint(url, os.environ.get(MODEL, "default"), os.environ.get(KEY, ""))
    return local()
