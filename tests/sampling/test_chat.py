import json
import urllib.request
from functools import cache

import pytest

from helpers import checkpoints
from helpers.sampling import Endpoint, LocalChat, chat_from_environment, serving

QUESTION = [{"role": "user", "content": "Once upon a time there was a kind fox named Mia. Where did Mia go that day?"}]


@cache
def tales_chat():
    return LocalChat(*checkpoints.load("chat-tales"))


def test_the_same_chat_answers_here_and_behind_an_address():
    with serving(tales_chat()) as url:
        assert Endpoint(url, "chat-tales")(QUESTION) == tales_chat()(QUESTION) == "The story does not say."


def test_a_batch_gives_each_conversation_what_it_gets_alone():
    others = [[{"role": "user", "content": f"{text} What comes next?"}] for text in ("The fox ran.", "Mia was sad.")]
    together = tales_chat().answers([QUESTION, *others])
    assert together == [tales_chat()(messages) for messages in (QUESTION, *others)]


def test_a_drawn_answer_depends_on_its_seed_alone():
    def drawn(seed):
        return LocalChat(*checkpoints.load("chat-tales"), temperature=2.0, seed=seed)(QUESTION)

    assert drawn(1) == drawn(1) != drawn(2)


def test_the_environment_decides_who_answers(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert chat_from_environment(lambda: len) is len
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    monkeypatch.setenv("OPENAI_MODEL", "big")

    def never():
        raise AssertionError("a local model is loaded though an address is given")

    assert chat_from_environment(never) == Endpoint("http://localhost:1/v1", "big")


def test_the_request_is_that_of_the_protocol():
    seen = []

    def echo(messages):
        seen.append(messages)
        return "yes"

    with serving(echo, "toy") as url:
        body = {"model": "toy", "messages": QUESTION, "temperature": 0}
        request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode())
        answer = json.load(urllib.request.urlopen(request))
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "yes"}
    assert answer["object"] == "chat.completion"
    assert seen == [QUESTION]


def test_what_goes_wrong_on_the_way_is_said_with_what_to_look_at():
    with serving(lambda messages: "yes") as url:
        with pytest.raises(ConnectionError, match="answered 404"):
            Endpoint(url.removesuffix("/v1"), "toy")(QUESTION)
        with pytest.raises(ConnectionError, match="answered 400"):
            Endpoint(url, "toy")([{"role": "user", "text": "no content"}])
    with pytest.raises(ConnectionError, match="nobody answers"):
        Endpoint(url, "toy", timeout_s=2)(QUESTION)
