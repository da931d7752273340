"""The writer in a page: it writes what PyTorch writes, and the reader's hand is felt at once."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from helpers import checkpoints, sampling
from helpers.corpora import tales
from helpers.widgets.writer import Writer, draw, uniform
from tests.book.conftest import overflow, ready, serious_violations

MODEL, TOKENIZER = checkpoints.load("gpt-tales")


def press(box: Locator, name: str, times: int = 1) -> None:
    for _ in range(times):
        box.locator(f'[data-action="{name}"]').first.click()


def written(box: Locator) -> str:
    """The text on the page, without the prompt."""
    return "".join(box.locator(".wr-token").all_text_contents())


def rows(box: Locator) -> list[dict[str, float]]:
    return box.locator("tbody").first.evaluate(
        """body => [...body.rows].map(({dataset}) => ({id: +dataset.id, before: +dataset.before, after: +dataset.after,
                                                       exact: dataset.exact === "" ? null : +dataset.exact}))"""
    )


def continuation(prompt: str, n: int, seed: int = 7, **filters: Any) -> list[int]:
    """What the library writes with the page's stream of chance."""
    ids = [TOKENIZER.eot_id, *TOKENIZER.encode(prompt)]
    start = len(ids)
    for i in range(n):
        text = torch.tensor([ids])
        logits = MODEL(text)[:, -1].double()
        ids.append(draw(sampling.next_token_probs(logits, seen=text, **filters)[0].tolist(), uniform(seed, i)))
    return ids[start:]


def test_an_example_stands_there_before_the_weights_and_the_page_goes_on_with_it(show: Callable, page: Page, errors):
    page.route("**/models/*", lambda route: None)  # never answered
    writer = Writer(n_written=10)
    box = show(writer)
    expect(box).to_have_attribute("data-live", "loading")
    assert written(box) == TOKENIZER.decode(writer.written)
    assert [row["before"] for row in rows(box)] == [p for _, p, _ in writer.example["next"]]
    expect(box.locator(".wr-best")).to_contain_text("best possible predictor, thinks")


def test_stepping_on_from_the_example_equals_writing_it_all_in_python(show: Callable, errors):
    box = ready(show(Writer(n_written=10)))
    press(box, "step", 15)
    assert written(box) == TOKENIZER.decode(continuation("Once upon a time", 25))
    press(box, "back", 20)
    assert written(box) == TOKENIZER.decode(continuation("Once upon a time", 5))


def test_every_filter_is_the_librarys(show: Callable, errors):
    box = ready(show(Writer(n_written=0)))
    for name, value in {"temperature": 0.7, "top_k": 12, "top_p": 0.9, "min_p": 0.02}.items():
        box.locator(f'[data-control="{name}"]').evaluate(
            "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }", str(value)
        )
    box.locator('[data-control="repetition_penalty"]').evaluate(
        "e => { e.value = 1.3; e.dispatchEvent(new Event('input')); }"
    )
    press(box, "restart")
    press(box, "step", 12)
    filters = {"t": 0.7, "k": 12, "p": 0.9, "p_base": 0.02, "penalty": 1.3}
    ids = continuation("Once upon a time", 12, **filters)
    assert written(box) == TOKENIZER.decode(ids)
    text = torch.tensor([[TOKENIZER.eot_id, *TOKENIZER.encode("Once upon a time"), *ids]])
    logits = MODEL(text)[:, -1].double()
    after = sampling.next_token_probs(logits, seen=text, **filters)[0]
    for row in rows(box):
        assert row["before"] == pytest.approx(logits.softmax(-1)[0, row["id"]].item(), abs=1e-4)
        assert row["after"] == pytest.approx(after[row["id"]].item(), abs=1e-4)


def test_surprise_is_the_models_own_and_colours_the_token(show: Callable, errors):
    box = ready(show(Writer(n_written=8, seed=11)))
    press(box, "step", 12)
    ids = continuation("Once upon a time", 20, seed=11)
    prompt = [TOKENIZER.eot_id, *TOKENIZER.encode("Once upon a time")]
    log_probs = MODEL(torch.tensor([[*prompt, *ids]])).log_softmax(-1)[0]
    expected = [-log_probs[len(prompt) + i - 1, id].item() for i, id in enumerate(ids)]
    shown = box.locator(".wr-token").evaluate_all("all => all.map(e => +e.dataset.nats)")
    assert shown == pytest.approx(expected, abs=2e-3)
    grounds = box.locator(".wr-word").evaluate_all("all => all.map(e => getComputedStyle(e).backgroundColor)")
    assert grounds[expected.index(max(expected))] != grounds[expected.index(min(expected))]
    table = box.locator("details:has-text('as a table')").last
    table.locator("summary").click()
    expect(table.locator("tbody td").first).to_be_visible()
    assert [float(cell) for cell in table.locator("tbody td").all_text_contents()] == pytest.approx(shown, abs=0.0051)


def test_the_best_possible_predictor_is_the_storyteller_itself(show: Callable, page: Page, errors):
    tale = tales.tale(random.Random(7))
    again = next(m for m in tale.mentions if m.slot == "giver" and not m.first)
    box = ready(show(Writer(prompt=tale.text[: again.start].rstrip(), n_written=0)))
    expect(box.locator(".wr-best")).to_contain_text(f"‘{again.value}’ 100 %")
    exact = {row["id"]: row["exact"] for row in rows(box)}
    assert exact.get(TOKENIZER.encode(f" {again.value}")[0]) == pytest.approx(1)
    prefix = " ".join(tale.text.split()[:4])
    box.locator("textarea").fill(prefix)
    truth = tales.next_words(prefix)
    expect(box.locator(".wr-best")).to_contain_text(f"‘{max(truth, key=lambda word: truth[word])}’")
    box.locator("textarea").fill("Leo bought a yacht")
    expect(box.locator(".wr-best")).to_contain_text("no tale has ‘Leo’ here")
    assert {row["exact"] for row in rows(box)} == {None}


def test_a_click_on_a_bar_writes_that_token(show: Callable, errors):
    box = ready(show(Writer(n_written=0)))
    third = rows(box)[2]["id"]
    box.locator("tbody tr").nth(2).locator("td").first.click()
    assert written(box) == TOKENIZER.decode([third])
    fourth = rows(box)[3]["id"]
    box.locator("tbody button").nth(3).focus()
    box.page.keyboard.press("Enter")
    assert written(box) == TOKENIZER.decode([third, fourth])


def test_play_writes_until_pause_and_a_story_comes_to_its_end(show: Callable, page: Page, errors):
    box = ready(show(Writer(n_written=0)))
    play = box.locator('[data-action="play"]')
    play.click()
    expect(play).to_have_text("Pause")
    page.wait_for_function("() => document.querySelectorAll('.wr-token').length > 8")
    play.click()
    expect(play).to_have_text("Write")
    page.wait_for_timeout(200)
    n = box.locator(".wr-token").count()
    page.wait_for_timeout(300)
    assert box.locator(".wr-token").count() == n
    box.locator("textarea").fill(tales.tale(random.Random(3)).text.rsplit(" ", 1)[0])
    box.locator('[data-control="temperature"]').fill("0")
    play.click()
    expect(box.locator(".tool-note[role=status]").last).to_contain_text("The story is over")
    expect(play).to_have_text("Write")
    expect(box.locator(".wr-token").last).to_have_text(" ∎")
    press(box, "step")
    expect(box.locator(".wr-token").last).to_have_text(" ∎")


@pytest.mark.parametrize(
    "prompt", ["", "🦊 fox 狐狸 é", "Once upon a time there was a fox. " * 100], ids=["empty", "emoji", "long"]
)
def test_strange_prompts_are_read(show: Callable, page: Page, errors, prompt: str):
    box = ready(show(Writer(n_written=2)))
    box.locator("textarea").fill(prompt)
    expect(box.locator(".wr-token")).to_have_count(0)
    press(box, "step", 3)
    expect(box.locator(".wr-token")).to_have_count(3)
    is_long = len(TOKENIZER.encode(prompt)) > 192
    expect(box.get_by_text("only the last ones were read")).to_have_count(1 if is_long else 0)
    assert overflow(page) <= 0


def test_a_full_context_is_said_and_writing_stops(show: Callable, page: Page, errors):
    box = ready(show(Writer(prompt="zz zq " * 60, n_written=0, temperature=1.5)))
    box.locator('[data-control="temperature"]').fill("2")
    box.locator('[data-action="play"]').click()
    expect(
        box.get_by_text("The context of 256 tokens is full").or_(box.get_by_text("The story is over"))
    ).to_be_visible()
    expect(box.locator('[data-action="play"]')).to_have_text("Write")


def test_weights_that_do_not_arrive_are_said_in_place_and_can_be_asked_for_again(show: Callable, page: Page):
    page.route("**/models/*", lambda route: route.fulfill(status=404))
    box = show(Writer(n_written=6))
    expect(box).to_have_attribute("data-live", "failed")
    expect(box.locator(".tool-error")).to_contain_text("did not arrive: 404")
    expect(box.locator(".wr-token")).to_have_count(6)  # the rest is still there
    page.unroute("**/models/*")
    box.locator('[data-action="retry"]').click()
    ready(box)
    press(box, "step")
    expect(box.locator(".wr-token")).to_have_count(7)


def test_it_is_operable_by_keyboard_and_open_to_everyone(show: Callable, page: Page, errors):
    page.emulate_media(reduced_motion="reduce")  # a colour on its way from light to dark would be judged half-way
    box = ready(show(Writer()))
    box.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    for scheme in ("light", "dark"):
        page.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
        assert serious_violations(page) == []
    n_written = box.locator(".wr-token").count()
    box.locator('[data-action="step"]').focus()
    page.keyboard.press("Enter")
    box.locator("tbody button").first.focus()
    page.keyboard.press("Space")
    expect(box.locator(".wr-token")).to_have_count(n_written + 2)
    controls = box.locator("textarea, button:visible:enabled, input, summary, [tabindex='0']:visible")
    controls.first.focus()
    for index in range(controls.count()):
        assert controls.nth(index).evaluate("element => element === document.activeElement"), index
        page.keyboard.press("Tab")
    for width in (375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert overflow(page) <= 0
        assert box.evaluate("element => element.scrollWidth - element.clientWidth") <= 0


def test_two_writers_of_a_page_share_one_download(show: Callable, page: Page, errors):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/models/" in request.url else None)
    first, second = Writer(n_written=1), Writer(n_written=2)
    box = show(first, second)
    for one in page.locator(".writer").all():
        one.scroll_into_view_if_needed()
        ready(one)
    assert box.page.locator(".writer").count() == 2
    assert len(asked) == 1


def test_the_weights_are_fetched_once_per_site_and_not_once_per_page(show: Callable, page: Page, site: str, errors):
    transferred = """() => performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/models/"))
                              .map((entry) => entry.transferSize)"""
    ready(show(Writer(n_written=1)))
    (first,) = page.evaluate(transferred)
    ready(show(Writer(n_written=2)))
    (again,) = page.evaluate(transferred)
    assert first > 900_000
    assert again == 0


def test_a_moved_slider_does_not_take_back_what_is_being_typed(show: Callable, page: Page, errors):
    box = ready(show(Writer(n_written=1)))
    box.evaluate(
        """box => {
            const area = box.querySelector("textarea"), slider = box.querySelector("[data-control=temperature]");
            area.value = "A mouse";
            area.dispatchEvent(new Event("input"));
            slider.value = 0.5;
            slider.dispatchEvent(new Event("input"));
        }"""
    )
    expect(box.locator(".wr-prompt")).to_have_text("A mouse")
    expect(box.locator("textarea")).to_have_value("A mouse")


# ---------------------------------------------------------------- beyond one view

# A notebook's model outside of any notebook: traits, listeners, messages. `views` renders it as often as asked.
STAND_IN = """async ([code, state, BOOK_MODELS]) => {
    window.BOOK_MODELS = BOOK_MODELS || undefined;
    window.bookLiveModels = undefined;
    const listeners = [];
    const tell = (event, ...details) =>
        listeners.filter((one) => one.event === event).forEach((one) => one.call(...details));
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    window.model = {
        get: (name) => state[name],
        set(name, value) { if (!same(state[name], value)) { state[name] = value; tell("change:" + name); } },
        save_changes() {},
        on: (events, call) => events.split(" ").forEach((event) => listeners.push({ event, call })),
        off: (events, call) => events.split(" ").forEach((event) => {
            const at = listeners.findIndex((one) => one.event === event && one.call === call);
            if (at >= 0) listeners.splice(at, 1);
        }),
        send: (content) => window.sent.push(content),
        tell, listeners,
    };
    window.sent = [];
    window.widget = (await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })))).default;
    window.place = document.querySelector("article section");
    window.show = () => {
        const el = document.createElement("div");
        window.place.append(el);
        return window.widget.render({ model: window.model, el });
    };
}"""


@pytest.fixture
def stand_in(page: Page, site: str) -> Callable[..., None]:
    """Put a writer's model into a page, with the site's weights or with a kernel in their place."""

    def put(writer: Writer, has_site: bool) -> None:
        page.goto(site + "book/notation.html")
        state = {name: value for name, value in writer.get_state().items() if name not in ("layout", "weights")}
        page.evaluate(STAND_IN, [Writer._esm, state, f"{site}models/" if has_site else None])

    return put


def test_a_removed_view_neither_listens_nor_writes(stand_in: Callable, page: Page, errors):
    stand_in(Writer(n_written=2), has_site=True)
    page.evaluate("() => { const end = show(); model.set('is_playing', true); end(); }")
    page.wait_for_timeout(1500)
    assert page.evaluate("() => [model.get('written').length, model.listeners.length]") == [2, 0]
    page.evaluate("() => { model.set('is_playing', false); show(); model.set('is_playing', true); }")
    page.wait_for_function("() => model.get('written').length > 10")


def test_two_views_of_one_writer_write_one_text_at_one_pace(stand_in: Callable, page: Page, errors):
    stand_in(Writer(n_written=0, seed=5), has_site=True)
    page.evaluate("() => { show(); show(); model.set('is_playing', true); }")
    page.wait_for_function("() => model.get('written').length >= 12")
    page.evaluate("() => model.set('is_playing', false)")
    n = len(written := page.evaluate("() => model.get('written')"))
    assert written == continuation("Once upon a time", n, seed=5)
    texts = page.locator(".wr-page").all_text_contents()
    assert texts[0] == texts[1]


def test_a_kernel_that_answers_late_is_still_heard(stand_in: Callable, page: Page, errors):
    page.clock.install()  # the twenty seconds pass at once
    writer = Writer(n_written=3)
    stand_in(writer, has_site=False)
    page.evaluate("() => { window.end = show(); }")
    box = page.locator(".writer")
    page.evaluate("() => document.querySelector('[data-action=step]').click()")
    expect(box).to_have_attribute("data-live", "loading")
    assert page.evaluate("() => sent") == [{"kind": "weights"}]
    page.clock.run_for(25_000)
    expect(box).to_have_attribute("data-live", "failed")
    expect(box.locator(".tool-error")).to_contain_text("Python is busy or gone")
    page.evaluate(
        """async (address) => {
            const answer = await fetch(address);
            model.tell("msg:custom", { kind: "weights" }, [new DataView(await answer.arrayBuffer())]);
        }""",
        page.evaluate("() => new URL('../models/gpt-tales.safetensors', location.href).href"),
    )
    ready(box)
    expect(box.locator(".tool-error")).to_have_count(0)
    press(box, "step")
    expect(box.locator(".wr-token")).to_have_count(4)


def test_only_the_last_wish_is_granted_when_the_model_comes_late(show: Callable, page: Page):
    page.route("**/models/*", lambda route: route.fulfill(status=404))
    box = show(Writer(n_written=6))
    expect(box).to_have_attribute("data-live", "failed")
    page.unroute("**/models/*")
    box.evaluate("box => { for (let i = 0; i < 3; i++) box.querySelector('[data-action=step]').click(); }")
    ready(box)
    expect(box.locator(".wr-token")).to_have_count(7)


def test_a_seed_can_be_typed_while_it_plays_and_the_newest_token_stays_in_sight(show: Callable, page: Page, errors):
    page.set_viewport_size({"width": 390, "height": 800})
    box = ready(show(Writer(n_written=2)))
    box.locator("details").first.evaluate("one => { one.open = true; }")
    press(box, "play")
    seed = box.locator('[data-control="seed"]')
    seed.fill("")
    seed.press_sequentially("123", delay=90)
    expect(seed).to_have_value("123")
    press(box, "play")
    press(box, "step", 60)
    sight = box.locator(".wr-page").evaluate("page => page.scrollTop + page.clientHeight >= page.scrollHeight - 2")
    assert sight


def test_what_was_written_is_said_aloud_only_when_the_model_rests(show: Callable, page: Page, errors):
    box = ready(show(Writer(n_written=4)))
    spoken = box.locator(".tool-unseen[role=status]")
    expect(spoken).to_have_text("")
    press(box, "step")
    expect(spoken).not_to_have_text("")
    said = spoken.inner_text()
    press(box, "play")
    page.wait_for_function("() => document.querySelectorAll('.wr-token').length > 12")
    assert spoken.inner_text() == said
    press(box, "play")
    expect(spoken).not_to_have_text(said)


def test_a_saved_page_begins_at_rest_and_shows_no_bars_for_another_text(show: Callable, page: Page):
    page.route("**/models/*", lambda route: None)
    writer = Writer(n_written=4, is_playing=True)
    writer.prompt, writer.written = "A fox", []
    box = show(writer)
    expect(box.locator('[data-action="play"]')).to_have_text("Write")
    expect(box.locator(".wr-page")).to_have_text("A fox")
    expect(box.locator("tbody").first.locator("tr:visible")).to_have_count(0)
