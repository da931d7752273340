import pytest

from helpers.sampling import CallError, Tool, is_call, run_agent, run_call

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
TOOLS = [Tool("divide", "a over b", SCHEMA, lambda a, b: a // b)]
CALL = '{"name": "divide", "arguments": {"a": 6, "b": 2}}'


def scripted(*texts):
    """A chat that says these in turn, and the conversations that it was shown."""
    shown, rest = [], list(texts)

    def chat(messages):
        shown.append(list(messages))
        return rest.pop(0)

    return chat, shown


def test_a_right_call_is_run():
    assert run_call(CALL, TOOLS) == 3
    assert is_call(CALL)
    assert not is_call("It is 3.")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"name": "divide"', "a call is"),
        ('{"tool": "divide"}', "a call is"),
        ("[1]", "a call is"),
        ('{"name": "delete", "arguments": {}}', "no tool 'delete', only divide"),
        ('{"name": "divide", "arguments": {"a": 6}}', "'b' is a required property"),
        ('{"name": "divide", "arguments": {"a": "6", "b": 2}}', "'6' is not of type 'integer'"),
        ('{"name": "divide", "arguments": {"a": 6, "b": 2, "c": 1}}', "Additional properties"),
        ('{"name": "divide", "arguments": {"a": 6, "b": 0}}', "could not do that"),
    ],
)
def test_a_wrong_call_is_not_run_and_says_why(text, reason):
    with pytest.raises(CallError, match=reason):
        run_call(text, TOOLS)


def test_the_agent_shows_each_result_and_stops_at_the_first_message_that_is_no_call():
    chat, shown = scripted(CALL, "It is 3.")
    messages = run_agent(chat, "6 over 2?", TOOLS)
    assert [m["role"] for m in messages] == ["user", "assistant", "user", "assistant"]
    assert shown[1][-1]["content"] == "Result: 3"
    assert messages[-1]["content"] == "It is 3."


def test_the_agent_tells_the_model_its_mistake_and_lets_it_try_again():
    chat, shown = scripted('{"name": "divide", "arguments": {}}', CALL, "3")
    assert run_agent(chat, "6 over 2?", TOOLS)[-1]["content"] == "3"
    assert "Error" in shown[1][-1]["content"]


def test_an_agent_that_only_calls_is_ended():
    chat, shown = scripted(*[CALL] * 10)
    messages = run_agent(chat, "6 over 2?", TOOLS, n_calls=2)
    assert len(shown) == 3
    assert messages[-1]["content"].startswith("Result")
