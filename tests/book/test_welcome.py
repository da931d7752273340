"""The first page: a visitor makes a model write before scrolling, and what the page says about it is so."""

import pytest
from playwright.sync_api import Page, expect

from helpers import checkpoints, records
from tests.book.conftest import HTML, PHONE, WIDE, ready

WELCOME = "book/welcome.html"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_button_that_lets_the_model_write_is_on_the_first_screen(page: Page, site: str, size: dict):
    page.set_viewport_size(size)
    page.goto(site + WELCOME)
    write = page.get_by_role("button", name="Write", exact=True)
    expect(write).to_be_visible()
    box = write.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < size["height"]
    n_shown = page.locator(".wr-token").count()
    assert n_shown >= 20  # an example stands there before the weights do
    write.click()
    page.wait_for_function("n => document.querySelectorAll('.wr-token').length > n + 5", arg=n_shown)


def test_it_writes_from_the_disk_too_where_a_page_may_not_fetch(page: Page):
    page.goto((HTML / WELCOME).as_uri())
    ready(page.locator(".writer"))


def test_the_widget_stops_before_a_choice_worth_looking_at(page: Page, site: str):
    page.goto(site + WELCOME)
    shares = (
        page.locator(".writer tbody")
        .first.locator("tr")
        .evaluate_all("rows => rows.map(({dataset}) => +dataset.after)")
    )
    assert sorted(shares)[-2] > 0.05


def test_what_the_page_says_about_the_model_is_so(page: Page, site: str):
    page.goto(site + WELCOME)
    text = page.locator("article").inner_text()
    model, _ = checkpoints.load("gpt-tales")
    training = records.load("gpt_tales_training")
    assert f"{round(model.n_parameters, -4) // 1000} thousand parameters" in text
    assert "on two CPU cores, in under five minutes" in text
    assert training["device"] == "cpu, 2 threads"
    assert training["seconds"] < 5 * 60
