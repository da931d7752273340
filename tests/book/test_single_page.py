"""A notebook as one HTML file lives from the disk, without any network: figures, views, widgets and models."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from ipywidgets.embed import dependency_state
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, Locator, Page, expect

from helpers.viz import attention_explorer_figure, head_view, model_view, neuron_view, plot_attention
from helpers.viz.show import plotly_html, to_svg
from helpers.widgets import SamplingExplorer
from helpers.widgets.page import STATE, VIEW
from helpers.widgets.writer import Writer
from tests.book.conftest import ROOT, Visit, overflow, ready, record, serious_violations
from tools.single_page import Sections, set_formulas, single_page

ALT = "Each token looks at those before it, the first one most"
TOKENS = ["Once", " there", " was", "<!--", "<script>"]
WEIGHTS = np.tril(np.random.default_rng(5).random((2, 2, 5, 5)))
VECTORS = np.random.default_rng(6).normal(size=(2, 2, 5, 4))

PROSE = r"""# A *page* of its own

Inline $x_1^2 < y$, and alone

$$ \text{softmax}\left(\frac{QK^\top}{\sqrt d}\right) $$

<details><summary>Hint</summary>

Think of $\ln p$.

</details>
"""


QUESTION = """<div class="recall" data-answer="2">

How many?

<details><summary>Answer</summary>

Two.

</details>
</div>"""


def html_cell(text: str, *tags: str) -> Any:
    output = new_output("display_data", {"text/html": text, "text/plain": "not to be seen"})
    return new_code_cell("draw()", outputs=[output], metadata={"tags": list(tags)})


def widget_cell(widget: Any) -> Any:
    data = {VIEW: {"model_id": widget.model_id, "version_major": 2, "version_minor": 1}, "text/plain": "not to be seen"}
    return new_code_cell("play()", outputs=[new_output("display_data", data)])


def notebook(*widgets: Any, cells: list[Any]) -> Any:
    states = dependency_state(list(widgets), drop_defaults=False)
    state = {"state": states, "version_major": 2, "version_minor": 0}
    return new_notebook(cells=[*cells, *map(widget_cell, widgets)], metadata={"widgets": {STATE: state}})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that holds one of each, as a page on the disk."""
    figure = json.loads(attention_explorer_figure(WEIGHTS, TOKENS).to_json())
    svg = to_svg(plot_attention(WEIGHTS[0, 0], TOKENS).figure, ALT)
    picture = new_output("display_data", {"image/svg+xml": svg}, metadata={"image/svg+xml": {"alt": ALT}})
    cells = [
        new_markdown_cell(PROSE),
        new_code_cell("print(1)", outputs=[new_output("stream", name="stdout", text="1 < 2 </script>" * 30)]),
        new_code_cell("plot()", outputs=[picture], metadata={"tags": ["hide-input"]}),
        new_code_cell("secret()", metadata={"tags": ["remove-cell"]}),
        html_cell(plotly_html(figure, ALT), "remove-input"),
        html_cell(head_view(WEIGHTS, TOKENS, f"{ALT}, lines").data),
        html_cell(model_view(WEIGHTS, TOKENS, f"{ALT}, all").data),
        html_cell(neuron_view(WEIGHTS, VECTORS, VECTORS, TOKENS, f"{ALT}, why").data, "hide-output"),
    ]
    widget = SamplingExplorer(["<!--", "<script>", "</script><b>"], [2.0, 1.0, 0.0])
    folder = tmp_path_factory.mktemp("single")
    nbformat.write(notebook(widget, Writer(), cells=cells), folder / "all.ipynb")
    target = folder / "all.html"
    target.write_text(single_page(folder / "all.ipynb"), encoding="utf-8")
    return target


@pytest.fixture
def opened(browser: Browser, file: Path):
    """The page opened from the disk by a browser without network, and what happened since."""
    context = browser.new_context(viewport={"width": 1000, "height": 800}, color_scheme="light", offline=True)
    page, visit = context.new_page(), Visit()
    record(page, visit)
    page.goto(file.as_uri())
    yield SimpleNamespace(page=page, visit=visit)
    context.close()


def shown(page: Page, selector: str) -> Locator:
    box = page.locator(selector)
    box.scroll_into_view_if_needed()
    return box


def explorer(page: Page) -> Locator:
    shown(page, ".book-widget >> nth=0")
    return shown(page, ".sampling-explorer")


def test_everything_is_drawn_without_a_request_or_an_error(opened: Any):
    page, visit = opened.page, opened.visit
    expect(shown(page, ".book-plotly")).to_have_attribute("data-state", "drawn")
    expect(page.locator(".book-plotly .hm image, .book-plotly .hm path").first).to_be_attached()
    page.get_by_text("Show the output").click()
    for kind in ("head", "model", "neuron"):
        expect(shown(page, f'[data-view^="{kind}"]').locator("svg line").nth(10)).to_be_attached()
    expect(explorer(page)).to_be_visible()
    shown(page, ".book-widget >> nth=1")
    ready(shown(page, ".writer"))
    assert page.locator(".math svg path, .math svg use").count() > 10
    assert page.locator("mjx-assistive-mml math").count() == 3
    assert visit.errors == []
    assert visit.failed == []
    assert {url.partition(":")[0] for url in visit.requests} <= {"file", "blob", "data"}
    assert [url for url in visit.requests if url.startswith("file")] == visit.requests[:1]


def test_the_widgets_move(opened: Any):
    page = opened.page
    box = explorer(page)
    box.locator('[data-control="temperature"]').fill("0")
    expect(box.locator(".se-status")).to_contain_text("1 of 3 tokens kept · entropy 0.00")
    expect(box.locator("tbody")).to_contain_text("</script><b>")
    shown(page, ".book-plotly")
    chosen = page.get_by_role("combobox", name="Attention map")
    chosen.select_option(index=3)
    expect(page.locator(".gtitle")).to_have_text("Layer 1, head 1")


def test_pictures_keep_their_words_and_tags_are_obeyed(opened: Any):
    page = opened.page
    expect(page.locator("img")).to_have_attribute("alt", ALT)
    assert page.get_by_text("plot()").is_hidden()
    page.get_by_text("Show the code").click()
    assert page.get_by_text("plot()").is_visible()
    for gone in ("secret()", "not to be seen"):
        expect(page.get_by_text(gone)).to_have_count(0)
    assert page.get_by_text("draw()").count() == 3
    hint = page.locator("details", has=page.get_by_text("Hint", exact=True))
    expect(hint.get_by_text("Think of")).to_have_count(1)
    expect(hint.get_by_text("Think of")).to_be_hidden()
    assert page.title() == "A page of its own"


def test_the_page_is_open_to_all_in_both_themes_and_fits_a_phone(opened: Any):
    page = opened.page
    explorer(page)
    for theme in ("light", "dark"):
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert serious_violations(page) == [], theme
        page.get_by_role("button", name="Light or dark").click()
    page.set_viewport_size({"width": 375, "height": 700})
    assert overflow(page) == 0


def test_the_page_forbids_itself_every_request(opened: Any):
    blocked = opened.page.evaluate(
        """() => new Promise((done) => {
            addEventListener("securitypolicyviolation", (event) => done(event.blockedURI));
            setTimeout(() => done("nothing"), 3000);
            new Image().src = "http://book.invalid/pixel.png";
        })"""
    )
    assert blocked == "http://book.invalid/pixel.png"


def test_a_page_carries_only_what_it_needs(file: Path, tmp_path: Path):
    assert file.stat().st_size < 5_000_000
    nbformat.write(notebook(SamplingExplorer(["a"], [0.0]), cells=[new_markdown_cell("# Small")]), tmp_path / "s.ipynb")
    page = single_page(tmp_path / "s.ipynb")
    assert len(page) < 150_000
    assert "bookWeights ??=" not in page
    assert "mjx-assistive-mml" not in page


@pytest.mark.parametrize("chapter", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_chapter_can_be_mailed(chapter: Path):
    page = single_page(chapter)
    assert len(page.encode()) < 8_000_000
    top = BeautifulSoup(page, "html.parser").select("article > section")
    assert len(top) == 1  # that of the title holds the others
    assert re.findall(r'<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)="(?!data:)[^"]*"', page) == []


def test_a_formula_that_is_no_tex_says_so():
    with pytest.raises(ValueError, match="Missing close brace"):
        set_formulas('<style></style><div class="math">\\frac{</div>')


def test_a_heading_ends_the_sections_of_its_level_and_below():
    sections = Sections()
    cells = ["<h1>A</h1>", "<p>a</p><h2>B</h2><h3>C</h3>", "<h2>D</h2>", "<p>d</p><h1>E</h1>"]
    page = "".join(map(sections.around, cells)) + sections.end()
    assert page == (
        "<section><h1>A</h1><p>a</p><section><h2>B</h2><section><h3>C</h3></section></section>"
        "<section><h2>D</h2><p>d</p></section></section><section><h1>E</h1></section>"
    )


def test_questions_are_counted_by_section_as_in_the_book(page: Page, tmp_path: Path):
    exercises = ["## Exercises", f"### Exercise 1\n\n{QUESTION}", f"### Exercise 2\n\n{QUESTION}"]
    texts = ["# A chapter", *exercises, "## Recall", QUESTION, QUESTION, QUESTION, "## Sources"]
    cells = list(map(new_markdown_cell, texts))
    nbformat.write(new_notebook(cells=cells), tmp_path / "asks.ipynb")
    (tmp_path / "asks.html").write_text(single_page(tmp_path / "asks.ipynb"), encoding="utf-8")
    page.goto((tmp_path / "asks.html").as_uri())
    scores = page.locator(".recall-score p")
    expect(scores).to_contain_text(["0 of 2 questions answered", "0 of 3 questions answered"])
    expect(page.locator(".recall")).to_have_count(5)


def test_views_far_below_the_screen_are_drawn_for_the_printer(opened: Any):
    page = opened.page
    page.set_viewport_size({"width": 1000, "height": 100})
    page.reload()
    drawn = page.locator("[data-view]", has=page.locator("svg line"))
    expect(page.locator("[data-view]")).to_have_count(3)
    assert drawn.count() < 3
    page.emulate_media(media="print")
    for _ in range(2):  # printing again draws nothing twice
        page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
        assert drawn.count() == 3
    assert page.locator('[data-view^="head"] .bv-layer option').count() == len(WEIGHTS)
    assert opened.visit.errors == []
