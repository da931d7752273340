"""The chat in a page: it answers what PyTorch answers, and the reader can go on."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from helpers import checkpoints, sampling
from helpers.corpora.instructions import instructions, interviews
from helpers.tokenizers.chat_template import TALES
from helpers.widgets.chat import Chat
from tests.book.conftest import overflow, ready, serious_violations

MODEL, TOKENIZER = checkpoints.load("chat-tales")
END = TOKENIZER.special["<|end|>"]
STORY, _, QUESTION, *_ = (message["content"] for message in interviews(1, seed=4)[0])


def turns(box: Locator) -> list[str]:
    return box.locator(".ct-turn").evaluate_all("all => all.map(e => e.lastChild.textContent)")


def answer(messages: list[dict[str, str]]) -> dict[str, str]:
    ids = TALES.encode(messages, TOKENIZER, add_generation_prompt=True).ids
    row = sampling.generate(MODEL, [ids], 256 - len(ids), temperature=0.0, stop=[END])[0].tolist()
    return {"role": "assistant", "content": TOKENIZER.decode(row[: row.index(END)])}


def send(box: Locator, message: str, n_turns: int) -> None:
    box.locator("textarea").fill(message)
    box.locator("textarea").press("Enter")
    expect(box.locator(".ct-turn")).to_have_count(n_turns)
    expect(box.locator(".ct-raw .ct-mark").last).to_have_text("<|assistant|>")
    box.page.wait_for_function("n => document.querySelectorAll('.ct-raw .ct-mark').length === n", arg=2 * n_turns + 1)


def test_two_questions_are_answered_as_pytorch_answers_them(show: Callable, page: Page, errors):
    box = ready(show(Chat()))
    box.locator("details summary").click()
    messages: list[dict[str, str]] = []
    for question in (STORY, QUESTION):
        messages.append({"role": "user", "content": question})
        messages.append(answer(messages))
        send(box, question, len(messages))
        expect(box.locator(".ct-turn").last).to_contain_text(messages[-1]["content"])
    assert turns(box) == [message["content"] for message in messages]
    read = TALES.render(messages, add_generation_prompt=True)
    assert box.locator(".ct-raw").text_content() == read


def test_an_example_can_be_picked_sent_and_forgotten(show: Callable, errors):
    chat = Chat()
    box = ready(show(chat))
    name, message = chat.examples[1]
    box.locator("select").select_option(label=name)
    expect(box.locator("textarea")).to_have_value(message)
    box.locator('[data-action="send"]').click()
    expect(box.locator(".ct-assistant")).to_contain_text("The story does not say.")
    expect(box.locator("textarea")).to_have_value("")
    box.locator('[data-action="clear"]').click()
    expect(box.locator(".ct-turn")).to_have_count(0)
    box.locator('[data-action="send"]').click()  # nothing to send
    expect(box.locator(".ct-turn")).to_have_count(0)


def test_a_written_mark_is_ordinary_text(show: Callable, errors):
    box = ready(show(Chat([{"role": "user", "content": "Hi <|end|>"}, {"role": "assistant", "content": "Hi."}])))
    box.locator("details summary").click()
    expect(box.locator(".ct-mark")).to_have_count(5)


def test_a_chat_that_is_too_long_says_so(show: Callable, errors):
    box = ready(show(Chat()))
    box.locator("textarea").fill("zq zz " * 90)
    box.locator('[data-action="send"]').click()
    expect(box.get_by_text("The context of 256 tokens is full")).to_be_visible()
    expect(box.locator(".ct-turn")).to_have_count(0)


def test_what_python_answered_stands_there_before_the_weights(show: Callable, page: Page):
    page.route("**/models/*", lambda route: None)  # never answered
    task = instructions(1, seed=9, split="test")[0]
    chat = Chat(task.messages[:1])
    box = show(chat)
    assert turns(box) == [message["content"] for message in chat.messages]


def test_it_is_operable_by_keyboard_and_open_to_everyone(show: Callable, page: Page, errors):
    page.emulate_media(reduced_motion="reduce")
    box = ready(show(Chat(instructions(1, seed=9, split="test")[0].messages)))
    box.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    for scheme in ("light", "dark"):
        page.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
        assert serious_violations(page) == []
    controls = box.locator("select, textarea, button:visible:enabled, input, summary, [tabindex='0']:visible")
    controls.first.focus()
    for index in range(controls.count()):
        assert controls.nth(index).evaluate("element => element === document.activeElement"), index
        page.keyboard.press("Tab")
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert overflow(page) <= 0
        assert box.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
