"""Tools: a model writes a call as JSON, a program checks it, runs it, and shows the model what came of it.

A call is text like any other, so it may be wrong in every way a text can be. It is run only if it is JSON, names a tool
that exists, and its arguments fit the tool's JSON Schema; if not, the model is told why and may try again. The agent
below is a loop of that: it ends with the first message that is no call.

Convention: a call is {"name": …, "arguments": {…}}, and its result comes back as the user's next message, "Result: …",
which every chat understands. Services have fields of their own for both.
Source: Yao et al. 2023, "ReAct", arXiv:2210.03629, for the loop; Schick et al. 2023, "Toolformer", arXiv:2302.04761.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema

from helpers.sampling.chat import Chat
from helpers.tokenizers.chat_template import Message


@dataclass(frozen=True)
class Tool:
    """A function that a model may call: what it is for, and the JSON Schema that its arguments must fit."""

    name: str
    purpose: str
    parameters: Mapping[str, Any]
    run: Callable[..., object]


class CallError(ValueError):
    """A call that cannot be run; the message says why, in words for whoever wrote the call."""


def is_call(text: str) -> bool:
    """Whether a message is meant as a call: it begins like a JSON object."""
    return text.lstrip().startswith("{")


def run_call(text: str, tools: Sequence[Tool]) -> object:
    """What the call gives. Raises CallError if it is no JSON, names no tool, or its arguments do not fit."""
    try:
        call = json.loads(text)
        name, arguments = call["name"], call["arguments"]
    except (ValueError, LookupError, TypeError) as error:
        raise CallError(f'a call is {{"name": ..., "arguments": ...}}, got {text!r}') from error
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None:
        raise CallError(f"there is no tool {name!r}, only {', '.join(tool.name for tool in tools)}")
    try:
        jsonschema.validate(arguments, tool.parameters)
        return tool.run(**arguments)
    except jsonschema.ValidationError as error:
        raise CallError(f"the arguments of {name} do not fit: {error.message}") from error
    except (ValueError, ArithmeticError) as error:
        raise CallError(f"{name} could not do that: {error}") from error


def run_agent(chat: Chat, question: str, tools: Sequence[Tool], n_calls: int = 3) -> list[Message]:
    """The whole conversation, whose last message is the answer; after `n_calls` calls it ends without one."""
    messages: list[Message] = [{"role": "user", "content": question}]
    for _ in range(n_calls + 1):
        text = chat(messages)
        messages.append({"role": "assistant", "content": text})
        if not is_call(text):
            break
        try:
            result = f"Result: {run_call(text, tools)}"
        except CallError as error:
            result = f"Error: {error}"
        messages.append({"role": "user", "content": result})
    return messages
