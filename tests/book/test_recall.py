"""The questions in the pages: a reader answers with keys, the page says right or wrong and remembers it."""

import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from docutils.core import publish_parts
from myst_parser.parsers.docutils_ import Parser
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from helpers.attention import causal_mask
from helpers.corpora import tales
from helpers.models.config import DecoderConfig
from helpers.models.decoder import Block
from helpers.runtime import n_parameters
from tests.book.conftest import HTML, ROOT, TRIAL_PAGES, WIDE, overflow, serious_violations

STATIC = ROOT / "book" / "_static"
BOX = re.compile(r'<div class="recall"(.*?)>\n(.*?)\n</div>', re.DOTALL)
REMARK = re.compile(r"^- \*\*(.+?):\*\* ", re.MULTILINE)
NUMBERS = count()
CHOICE = """
<div class="recall" data-answer="2">

**Which grows with the text?** {math}

1. the weights
2. the cache, which keeps `keys` and values
3. the vocabulary

<details><summary>Answer</summary>

Choice 2. Each token adds a key and a value.

- **1:** They are fixed *after* training.

</details>

</div>
"""
NUMBER = """
<div class="recall" data-answer="3.4657" data-tolerance="0.006">

**What is ln 32?** In nats, please.

<details><summary>Answer</summary>

3.47: five times ln 2.

- **5:** That is in bits.
- **-3.47:** Turn the sign.

</details>

</div>
"""
LARGE = """
<div class="recall" data-answer="7087872">

How many numbers has a block?

<details><summary>Answer</summary>

7,087,872.

</details>

</div>
"""
BROKEN = """
<div class="recall" data-answer="7">

The seventh of two

1. this
2. that

<details><summary>Answer</summary>

There is none.

</details>

</div>
"""
STUB = '<div class="cell"><div class="cell_input"><pre>def f(): ...\n\n\nexercises.check_f(f)</pre></div></div>'
PLAIN_CELL = '<div class="cell"><div class="cell_input"><pre>print(1)</pre></div></div>'
LAUNCH = "https://colab.research.google.com/github/someone/their-fork/blob/main/notebooks/07_a_chapter.ipynb"
PAGE = f"""# A trial

[Open this notebook in Colab]({LAUNCH})

## Exercises

### Exercise 1

{LARGE}

STUB

PLAIN

## Recall

{CHOICE.replace("{math}", "$x^2$")}
{NUMBER}
{BROKEN}
"""


def html_of(text: str) -> str:
    """What the book makes of Markdown: docutils and MyST write these boxes as MyST-NB does."""
    settings = {"myst_enable_extensions": ["dollarmath"], "doctitle_xform": False, "report_level": 5}
    return publish_parts(text, parser=Parser(), writer_name="html5", settings_overrides=settings)["html_body"]


def trial_page(text: str, language: str = "en") -> bytes:
    """A page of the built book with other content, and with this script and style as they are now."""
    frame = (HTML / "book" / "notation.html").read_text(encoding="utf-8")
    frame = re.sub(r"<(link|script)[^>]*_static/recall\.(css|js)[^>]*>(</script>)?", "", frame)
    own = f"<style>{(STATIC / 'recall.css').read_text()}</style>"
    script = f'<script>addEventListener("DOMContentLoaded", () => {{{(STATIC / "recall.js").read_text()}}})</script>'
    body = html_of(text).replace("<p>STUB</p>", STUB).replace("<p>PLAIN</p>", PLAIN_CELL)
    article = re.compile(r"(<article[^>]*>).*?(</article>)", re.DOTALL)
    frame = article.sub(lambda found: found[1] + body + found[2], frame, count=1)
    frame = frame.replace("</head>", own + script + "</head>").replace('<html lang="en"', f'<html lang="{language}"')
    return frame.encode()


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """One reader for all tests here, so that the book's files are loaded once."""
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def page(reader: BrowserContext) -> Iterator[Page]:
    """An empty page."""
    page = reader.new_page()
    yield page
    page.close()


@pytest.fixture
def ask(page: Page, site: str) -> Callable[..., Page]:
    """Open a page with questions at an address of this test alone, where nothing is remembered from other tests."""
    name = f"trial-recall-{next(NUMBERS)}.html"

    def opened(text: str = PAGE, **changes: Any) -> Page:
        TRIAL_PAGES[name] = trial_page(text, **changes)
        page.goto(f"{site}book/{name}")
        return page

    return opened


def box(page: Page, words: str) -> Locator:
    """The question that contains these words."""
    return page.locator(".recall", has_text=words)


def said(question: Locator) -> Locator:
    """What the page says to an answer."""
    return question.get_by_role("status")


def write(question: Locator, text: str) -> str:
    """Type an answer, press Enter, and read what the page says."""
    question.get_by_role("textbox").fill(text)
    question.get_by_role("textbox").press("Enter")
    return said(question).inner_text()


def choose(question: Locator, number: int) -> str:
    """Choose, press the button, and read what the page says."""
    question.get_by_role("radio").nth(number - 1).check()
    question.get_by_role("button", name="Check").click()
    return said(question).inner_text()


def respond(question: Locator, answer: str) -> str:
    """Answer in one step, for long rows of answers, and read what the page says."""
    return question.evaluate(
        """(box, answer) => {
            const form = box.querySelector("form");
            form.elements.namedItem(form.querySelector("input").name).value = answer;
            form.requestSubmit();
            return box.querySelector("[role=status]").innerText;
        }""",
        answer,
    )


RIGHT = {
    "ln 32": ["3.47", "3,47", " 3.466 nats", "≈3.47", "=3.4657", "+3.47", "0,3466e1", "3.47 nats/token", "3.4657359"],
    "block": ["7087872", "7,087,872", "7.087.872", "7 087 872", "7_087_872", "7\u202f087\u202f872", "7.087872 million",
              "7087872 parameters", "7.087872e6", "708.7872万"],
}  # fmt: skip
NO_NUMBER = [
    "",
    "   ",
    "abc",
    "ln 32",
    "10/3",
    "3 or 4",
    "3.4.7",
    "3,4,7",
    ".",
    "-",
    "five",
    "3.47 + 0",
    "3.46 e3",
    "🙂",
]
WRONG = {"ln 32": ["3", "34.7", "0", "3.60", "1e999"], "block": ["7087871", "7.1e7", "7 billion"]}
COARSE = {"ln 32": ["3.5", "3,5"], "block": ["7.1e6", "7.09 million", "7,000,000", "7 M"]}


def test_a_number_may_be_written_as_readers_write_numbers(ask: Callable[..., Page]):
    page = ask()
    for words, answers in RIGHT.items():
        heard = {text: respond(box(page, words), text) for text in answers}
        assert set(heard.values()) == {"Right."}, heard
    for words, answers in WRONG.items():
        heard = {text: respond(box(page, words), text) for text in answers}
        assert all(answer.startswith("Not right.") for answer in heard.values()), heard
    for words, answers in COARSE.items():
        heard = {text: respond(box(page, words), text) for text in answers}
        assert set(heard.values()) == {"Right as far as it goes: give more digits."}, heard


def test_what_is_no_number_is_no_miss(ask: Callable[..., Page]):
    question = box(ask(), "ln 32")
    heard = {text: respond(question, text) for text in NO_NUMBER}
    assert set(heard.values()) == {"Write one number in digits, such as 0.5 or 2e9."}, heard
    respond(question, "3.5")
    assert question.locator("details").get_attribute("open") is None
    expect(question.page.locator(".recall-score").last).to_contain_text("0 of 2 questions answered")


def test_arrow_keys_choose_and_only_enter_is_an_answer(ask: Callable[..., Page]):
    page = ask()
    question = box(page, "grows")
    question.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(question.get_by_role("radio").nth(1)).to_be_checked()
    expect(said(question)).to_have_text("")
    page.keyboard.press("Enter")
    expect(said(question)).to_have_text("Right.")
    page.keyboard.press("Tab")
    expect(question.get_by_role("button")).to_be_focused()
    page.keyboard.press("Tab")
    expect(question.locator("summary")).to_be_focused()
    expect(question.locator("details")).to_have_attribute("open", "")


def test_an_empty_choice_is_asked_for_and_is_no_miss(ask: Callable[..., Page]):
    question = box(ask(), "grows")
    question.get_by_role("button", name="Check").click()
    expect(said(question)).to_have_text("Choose one first.")
    expect(question.page.locator(".recall-score button").last).to_be_hidden()


def test_a_miss_gets_its_own_remark_and_the_second_opens_the_answer(ask: Callable[..., Page]):
    page = ask()
    question, fold = box(page, "grows"), box(page, "grows").locator("details")
    for _ in range(2):  # the same miss counts once
        remark = choose(question, 1)
        assert remark == "Not right. They are fixed after training. Think again, or open the answer."
        assert said(question).locator("em").inner_text() == "after"
        assert fold.get_attribute("open") is None
    assert choose(question, 3) == "Not right. The answer is open below."
    assert fold.get_attribute("open") is not None
    expect(page.locator(".recall-score").last).to_contain_text("1 of 2 questions answered, 0 right at the first try.")
    number = box(page, "ln 32")
    assert write(number, "5") == "Not right. That is in bits. Think again, or open the answer."
    assert write(number, "−3,47") == "Not right. Turn the sign. The answer is open below."
    expect(page.locator(".recall-score").last).to_contain_text("2 of 2 questions answered, 0 right at the first try.")


def test_the_verdict_is_a_sign_and_a_word_not_only_a_colour(ask: Callable[..., Page]):
    question = box(ask(), "grows")
    choose(question, 1)
    choose(question, 2)
    assert question.locator("form li").all_inner_texts() == [
        "the weights\n✗",
        "the cache, which keeps keys and values\n✓",
        "the vocabulary",
    ]
    for name, verdict in {"the weights": " Not right.", "keys and values": " Right.", "the vocabulary": ""}.items():
        expect(question.get_by_role("radio", name=re.compile(f"{name}{verdict}$"))).to_have_count(1)


def test_curiosity_after_the_right_answer_costs_nothing(ask: Callable[..., Page]):
    page = ask()
    question = box(page, "grows")
    for number in (2, 1, 3):
        choose(question, number)
    expect(page.locator(".recall-score").last).to_contain_text("1 of 2 questions answered, 1 right at the first try.")


def test_the_exercises_and_the_recall_section_count_for_themselves(ask: Callable[..., Page]):
    page = ask()
    expect(page.locator("section#exercises > .recall-score")).to_contain_text("0 of 1")
    expect(page.locator("section#recall > .recall-score")).to_contain_text("0 of 2")
    expect(page.locator(".recall-score")).to_have_count(2)


def test_answers_are_there_after_a_reload_and_gone_after_a_new_start(ask: Callable[..., Page]):
    page = ask()
    choose(box(page, "grows"), 1)
    choose(box(page, "grows"), 2)
    write(box(page, "ln 32"), "3,5")
    write(box(page, "ln 32"), "5")
    write(box(page, "block"), "7087872")
    page.reload()
    question, number = box(page, "grows"), box(page, "ln 32")
    expect(question.get_by_role("radio").nth(1)).to_be_checked()
    expect(said(question)).to_have_text("Right.")
    assert question.locator(".recall-mark").all_inner_texts() == ["✗", "✓"]
    assert question.locator("details").get_attribute("open") is not None
    expect(number.get_by_role("textbox")).to_have_value("5")
    assert number.locator("details").get_attribute("open") is None
    expect(page.locator(".recall-score").last).to_contain_text("1 of 2 questions answered, 0 right at the first try.")
    page.locator("section#recall").get_by_role("button", name="Start again").click()
    for _ in range(2):
        expect(page.locator(".recall-score").last).to_contain_text("0 of 2")
        expect(page.locator("section#recall .recall :checked, section#recall .recall-mark")).to_have_count(0)
        expect(page.locator("section#recall details[open]")).to_have_count(0)
        expect(number.get_by_role("textbox")).to_have_value("")
        expect(page.locator(".recall-score").first).to_contain_text("1 of 1")
        page.reload()


def test_a_new_start_takes_the_reader_to_the_first_question(ask: Callable[..., Page]):
    page = ask()
    write(box(page, "ln 32"), "5")
    page.locator("section#recall").get_by_role("button", name="Start again").click()
    expect(box(page, "grows").get_by_role("radio").first).to_be_focused()
    expect(said(box(page, "grows"))).to_have_text("The answers are forgotten. Begin here.")
    expect(said(box(page, "ln 32"))).to_have_text("")


def test_a_question_in_new_words_is_asked_anew_and_the_others_are_kept(ask: Callable[..., Page]):
    page = ask()
    choose(box(page, "grows"), 2)
    write(box(page, "ln 32"), "3.47")
    page = ask(PAGE.replace("ln 32", "the logarithm of 32"))
    expect(said(box(page, "grows"))).to_have_text("Right.")
    expect(said(box(page, "logarithm"))).to_have_text("")


def test_a_spoilt_memory_is_no_memory(ask: Callable[..., Page]):
    page = ask()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    choose(box(page, "grows"), 1)
    words = page.evaluate("() => Object.keys(JSON.parse(localStorage[`book-recall ${location.pathname}`]))[0]")
    for stored in ("not json", "5", '"text"', "[1]", '{"%s": 7}', '{"%s": [{}, null, "99"]}'):
        spoil = "text => { localStorage[`book-recall ${location.pathname}`] = text; }"
        page.evaluate(spoil, stored.replace("%s", words))
        page.reload()
        expect(page.locator(".recall-score").last).to_contain_text("0 of 2")
        assert choose(box(page, "grows"), 2) == "Right."
    assert errors == []


def test_a_browser_that_keeps_nothing_still_asks(ask: Callable[..., Page], page: Page):
    broken = "for (const name of ['getItem', 'setItem']) Storage.prototype[name] = () => { throw new Error('no'); };"
    page.add_init_script(broken)
    assert choose(box(ask(), "grows"), 2) == "Right."
    expect(page.locator(".recall-score").last).to_contain_text("1 of 2")


def test_nothing_leaves_the_page_and_nothing_is_complained_about(ask: Callable[..., Page], page: Page):
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    ask()
    page.wait_for_load_state("networkidle")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    choose(box(page, "grows"), 1)
    write(box(page, "ln 32"), "3.47")
    page.wait_for_timeout(100)
    assert errors == []
    assert requests == []


def test_without_scripts_the_text_is_complete(browser: Browser, site: str):
    context = browser.new_context(viewport=WIDE, java_script_enabled=False)
    TRIAL_PAGES["trial-recall.html"] = trial_page(PAGE)
    page = context.new_page()
    page.goto(f"{site}book/trial-recall.html")
    question = box(page, "grows")
    assert question.locator("ol > li").all_inner_texts()[1] == "the cache, which keeps keys and values"
    assert page.locator(".recall input, .recall button").count() == 0
    question.locator("summary").click()
    expect(question.get_by_text("Each token adds a key and a value.")).to_be_visible()
    context.close()


def test_a_question_without_a_right_choice_stays_plain_text(ask: Callable[..., Page]):
    question = box(ask(), "seventh")
    assert question.locator("input, button").count() == 0
    assert question.locator("ol > li").all_inner_texts() == ["this", "that"]


def test_a_stub_says_where_it_can_be_run(ask: Callable[..., Page]):
    page = ask()
    line = page.locator(".recall-run")
    expect(line).to_have_text(
        "Write and check it in the notebook: open in Colab, or make lab and then notebooks/07_a_chapter.ipynb."
    )
    assert line.evaluate("node => node.nextElementSibling.textContent.includes('exercises.check_f')")
    assert line.locator("a").get_attribute("href") == LAUNCH
    expect(ask(PAGE.replace(LAUNCH, "https://example.org")).locator(".recall-run")).to_have_count(0)


def labels() -> str:
    """The object LABELS of the script, as it stands there."""
    found = re.search(r"const LABELS = (\{.*?\n  \});", (STATIC / "recall.js").read_text(), re.DOTALL)
    assert found
    return found[1]


def test_a_chinese_page_speaks_chinese_and_an_unknown_language_english(ask: Callable[..., Page]):
    page = ask(language="zh-CN")
    question = box(page, "grows")
    question.get_by_role("radio").nth(1).check()
    question.get_by_role("button", name="检查").click()
    expect(said(question)).to_have_text("正确。")
    expect(question.locator("summary")).to_have_text("答案")
    expect(page.locator(".recall-run")).to_contain_text(
        "在 Colab 中打开，或者先运行 make lab，再打开 notebooks/07_a_chapter.ipynb"
    )
    expect(page.locator(".recall-score").last).to_contain_text("共 2 题，已答 1 题，其中 1 题一次答对。")
    assert choose(box(ask(language="fr"), "grows"), 2) == "Right."


def test_every_language_has_every_label_with_the_same_holes(ask: Callable[..., Page]):
    words: dict[str, dict[str, str]] = ask().evaluate(f"() => ({labels()})")
    assert set(words) == {"en", "zh-CN"}
    holes = {
        name: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in own.items()} for name, own in words.items()
    }
    assert holes["en"] == holes["zh-CN"]
    assert all(words["en"][key] != text for key, text in words["zh-CN"].items())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everyone_can_use_it(ask: Callable[..., Page], theme: str):
    page = ask()
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    choose(box(page, "grows"), 1)
    choose(box(page, "grows"), 2)
    write(box(page, "ln 32"), "5")
    assert serious_violations(page) == []
    expect(page.get_by_role("group", name="Which grows with the text?")).to_have_count(1)
    expect(page.get_by_role("group", name="What is ln 32?").get_by_role("textbox", name="Your answer")).to_have_count(1)
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert overflow(page) <= 0
    targets = page.locator(".recall label:has([type=radio]), .recall [type=text], .recall button, .recall-score button")
    assert (
        min(
            targets.evaluate_all(
                "all => all.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().height)"
            )
        )
        >= 44
    )


def questions(path: Path) -> str:
    """The question boxes of a notebook, as they stand in its Markdown."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return "\n\n".join(found[0] for text in texts for found in BOX.finditer(text))


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_every_question_of_a_chapter_can_be_answered_and_every_remark_is_heard(path: Path, ask: Callable[..., Page]):
    text = questions(path)
    page = ask(f"# A chapter\n\n## Recall\n\n{text}\n")
    found = list(BOX.finditer(text))
    assert len(found) >= 5
    for place, (attributes, body) in enumerate(match.groups() for match in found):
        question = page.locator(".recall").nth(place)
        right = re.search(r'data-answer="([^"]+)"', attributes)
        assert right, body
        assert respond(question, right[1]) == "Right.", body
        for answer in REMARK.findall(body):
            heard = respond(question, answer)
            assert heard.startswith("Not right. "), (answer, body)
            assert len(heard) > len("Not right. The answer is open below."), (answer, body)
    wanted = f"{len(found)} of {len(found)} questions answered, {len(found)} right at the first try."
    expect(page.locator(".recall-score")).to_contain_text(wanted)


def gpt_answers() -> dict[str, float]:
    """The numbers that chapter 3 asks for, computed: some words of each question with its answer."""
    config = DecoderConfig(vocab_size=2, context_length=2, d_model=768, n_layers=1, n_heads=12)
    block, bare = Block(config), Block(config.but(bias=False))
    words = ["Once", "upon", "a", "queen"]
    wrong = [i for i, word in enumerate(words) if word not in tales.next_words(" ".join(words[:i]))]
    return {
        "a block of GPT-2 small": n_parameters(block) - n_parameters(bare),
        "60 nats over 40 tokens": math.exp(60 / 40),
        "`window_mask(5, 2)`": int((causal_mask(5) & ~causal_mask(5).tril(-2)).sum()),
        "reads six tokens": sum(1 / n for n in range(2, 7)) / 5,
        "Once upon a queen": wrong[0],
        "one half each": -math.log(0.5),
        "24 layers and a width of 2,048": 12 * 24 * 2048**2 / 1e9,
    }


def test_the_numbers_that_the_chapter_on_gpt_asks_for_are_right():
    text = questions(ROOT / "notebooks" / "03_gpt.ipynb")
    numbers = [match for match in BOX.finditer(text) if "\n1. " not in match[2]]
    answers = gpt_answers()
    assert len(numbers) == len(answers)
    for words, exact in answers.items():
        [(attributes, _)] = [match.groups() for match in numbers if words in match[2]]
        tolerance = re.search(r'data-tolerance="([^"]+)"', attributes)
        stated = re.search(r'data-answer="([^"]+)"', attributes)
        assert stated
        assert math.isclose(float(stated[1]), exact, rel_tol=1e-3 if tolerance else 0), words
