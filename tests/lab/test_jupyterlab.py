"""Every widget lives in JupyterLab 4: one real server, one notebook with a cell for each, one browser.

CASES has a line for each class: how to make it, a trait that Python changes, what a reader does in the page, and what
Python then reads.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Locator, Page, expect

from helpers import widgets
from tests.book.conftest import Visit, ready, record

SCREEN = {"width": 1200, "height": 900}
PATIENCE_S = 90  # until the server answers; seconds on a free machine


@dataclass
class Case:
    """One widget: how to make it, what Python changes, what a reader does, what Python reads."""

    make: str
    change: tuple[str, Any]
    act: Callable[[Locator], Any]
    reads: tuple[str, Any]


def fill(control: str, value: str) -> Callable[[Locator], Any]:
    """Type into a control, or drag it."""
    return lambda box: box.locator(f':is(input, textarea)[data-control="{control}"]').first.fill(value)


def choose(control: str, value: str) -> Callable[[Locator], Any]:
    """Choose from a list."""
    return lambda box: box.locator(f'[data-control="{control}"]').first.select_option(value)


CASES = {
    "SamplingExplorer": Case(
        "SamplingExplorer(['fox', 'dog', 'cat'], [2.0, 1.0, 0.0])",
        change=("temperature", 0.5),
        act=fill("top_k", "2"),
        reads=("top_k", 2),
    ),
    "Writer": Case("Writer()", change=("temperature", 0.5), act=fill("prompt", "A fox"), reads=("prompt", "A fox")),
    "Chat": Case("Chat()", change=("temperature", 0.5), act=fill("draft", "A fox"), reads=("draft", "A fox")),
    "AttentionExplorer": Case(
        "AttentionExplorer()", change=("layer", 2), act=fill("text", "A fox ran."), reads=("text", "A fox ran.")
    ),
    "TokenizerExplorer": Case(
        "TokenizerExplorer()", change=("n_merges", 3), act=fill("text", "A fox"), reads=("text", "A fox")
    ),
    "RopeExplorer": Case(
        "RopeExplorer()", change=("key_position", 90), act=choose("scaling", "linear"), reads=("scaling", "linear")
    ),
    "MemoryExplorer": Case(
        "MemoryExplorer()", change=("batch", 4), act=choose("preset", "llama-2-7b"), reads=("preset", "llama-2-7b")
    ),
    "LossExplorer": Case(
        "LossExplorer({'run': ([0, 10, 20], [3.0, 2.0, 1.5])}, {'floor': 1.2})",
        change=("step", 20.0),
        act=choose("unit", "gap"),
        reads=("unit", "gap"),
    ),
}


def module_of(name: str) -> str:
    """SamplingExplorer lives in helpers.widgets.sampling_explorer."""
    return "helpers.widgets." + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


OTHERS = [  # what is shown and is no widget
    "from helpers.viz import head_view\nimport numpy\n"
    "head_view(numpy.tril(numpy.ones((2, 2, 3, 3))), ['a', 'b', 'c'], 'Each token looks at all before it')",
    "from helpers.viz import loss_figure, show\n"
    "show(loss_figure([0, 1], [3.0, 2.0], {'floor': 1.2}), 'The loss falls from three to two')",
]


def notebook() -> Any:
    """A cell for each widget, an attention view, a plotly figure."""
    cells = [f"from {module_of(name)} import {name}\n{name}_ = {case.make}\n{name}_" for name, case in CASES.items()]
    kernel = {"name": "python3", "display_name": "Python 3"}  # without it JupyterLab asks
    return new_notebook(cells=[new_code_cell(text) for text in [*cells, *OTHERS]], metadata={"kernelspec": kernel})


def settings(folder: Path) -> None:
    """A JupyterLab that asks nobody for news and keeps all cells in the page."""
    for name, content in {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }.items():
        file = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab that writes nothing outside of a folder of its own."""
    folder = tmp_path_factory.mktemp("lab")
    root = folder / "root"
    root.mkdir()
    nbformat.write(notebook(), root / "all.ipynb")
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environ = {**os.environ, **{name: str(folder / place) for name, place in places.items()}}
    settings(folder / "settings")
    options = ["--no-browser", "--allow-root", "--expose-app-in-browser", "--ServerApp.port=0"]
    options += [f"--ServerApp.root_dir={root}", "--IdentityProvider.token=lab"]
    command = [sys.executable, "-m", "jupyterlab", *options]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=root, env=environ, stdout=log, stderr=log)
    try:
        yield address(process, folder)
    finally:
        process.terminate()
        process.wait(30)


def address(process: subprocess.Popen, folder: Path) -> str:
    """Where the server listens, once it does."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        for file in (folder / "runtime").glob("jpserver-*.json"):
            return json.loads(file.read_text(encoding="utf-8"))["url"]
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{(folder / 'log').read_text()[-2000:]}", pytrace=False)


@pytest.fixture(scope="module")
def visit() -> Visit:
    """What the browser asked for and complained about."""
    return Visit()


@pytest.fixture(scope="module")
def lab(browser: Browser, server: str, visit: Visit) -> Iterator[Page]:
    """The notebook in the browser, all its cells run."""
    context = browser.new_context(viewport=SCREEN)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    record(page, visit)
    page.goto(f"{server}lab/tree/all.ipynb?token=lab")
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    expect(page.locator(".jp-CodeCell .jp-OutputArea-output")).to_have_count(
        len(CASES) + len(OTHERS), timeout=PATIENCE_S * 1000
    )
    yield page
    context.close()


def python(page: Page, code: str) -> str:
    """What the notebook's Python prints, as from one more cell."""
    return page.evaluate(
        """async (code) => {
            const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
            let said = "";
            future.onIOPub = ({ content }) => (said += content.text ?? content.evalue ?? "");
            await future.done;
            return said.trim();
        }""",
        code,
    )


def until(question: Callable[[], Any], answer: Any) -> None:
    """Wait until a question has this answer."""
    end = time.monotonic() + 15
    while (got := question()) != answer and time.monotonic() < end:
        time.sleep(0.1)
    assert got == answer


def box_of(page: Page, name: str) -> Locator:
    """The widget's box, in sight."""
    cell = page.locator(".jp-CodeCell").nth(list(CASES).index(name))
    cell.locator(".jp-OutputArea-output").scroll_into_view_if_needed()
    box = cell.locator(".book-tool")
    expect(box).to_be_visible()
    return box


def test_every_widget_has_a_line_here():
    assert set(widgets.__all__) <= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_widget_and_python_follow_each_other(lab: Page, name: str):
    case, box = CASES[name], box_of(lab, name)
    if python(lab, f"print(hasattr({name}_, 'checkpoint'))") == "True":
        ready(box)
    before = box.evaluate("box => box.outerHTML")
    values = box.locator("input, select, textarea")
    shown = "all => all.map(one => one.value ?? '').join()"
    controls = values.evaluate_all(shown)
    trait, value = case.change
    assert python(lab, f"{name}_.{trait} = {value!r}") == ""
    until(lambda: (box.evaluate("box => box.outerHTML"), values.evaluate_all(shown)) != (before, controls), True)
    case.act(box)
    trait, value = case.reads
    until(lambda: python(lab, f"print({name}_.{trait}, end='')"), str(value))


def test_the_writer_writes_and_python_has_the_text(lab: Page):
    box = box_of(lab, "Writer")
    ready(box)
    assert python(lab, "Writer_.written = []; Writer_.is_playing = True") == ""
    lab.wait_for_function("() => document.querySelectorAll('.writer .wr-token').length > 5")
    box.locator('[data-action="play"]').click()
    until(lambda: python(lab, "print(Writer_.is_playing, end='')"), "False")
    shown = box.locator(".wr-page").text_content()
    until(lambda: python(lab, "print(Writer_.text, end='')"), (shown or "").removesuffix(" ∎"))


def test_an_attention_view_is_drawn(lab: Page):
    view = lab.locator(".book-attention-view")
    view.scroll_into_view_if_needed()
    expect(view.locator("svg line")).to_have_count(18)


def test_a_plotly_figure_lives_through_a_change_of_theme(lab: Page):
    figure = lab.locator(".jp-RenderedPlotly")
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".scatterlayer path").first).to_be_visible()
    wide = figure.bounding_box()
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        lab.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        expect(lab.locator(f'body[data-jp-theme-name="{theme}"]')).to_be_attached()
        lab.wait_for_timeout(500)  # the figure is drawn anew
        assert figure.bounding_box()["height"] == wide["height"] == 420
    lab.set_viewport_size({"width": 900, "height": 900})
    until(lambda: figure.locator(".main-svg").first.bounding_box()["width"] < wide["width"] - 100, True)
    lab.set_viewport_size(SCREEN)


def press_in(page: Page, control: Locator, key: str) -> None:
    """Press a key on a control; JupyterLab, which has its own use for most keys, stays at the cell."""
    control.scroll_into_view_if_needed()
    control.focus()
    cell = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
    before = page.evaluate(cell)
    page.keyboard.press(key)
    assert page.evaluate(cell) == before


def test_arrow_keys_move_an_attention_view_and_not_the_notebook(lab: Page):
    view = lab.locator(".book-attention-view")
    press_in(lab, view.locator("g[tabindex='0']"), "ArrowDown")
    assert lab.evaluate("() => document.activeElement.textContent") == "b"
    layers = view.get_by_role("combobox", name="Layer")
    press_in(lab, layers, "ArrowDown")
    expect(layers).to_have_value("1")


def test_arrow_keys_move_a_slider_and_not_the_notebook(lab: Page):
    slider = box_of(lab, "SamplingExplorer").locator('[data-control="temperature"]')
    value = float(slider.input_value())
    press_in(lab, slider, "ArrowUp")
    assert float(slider.input_value()) > value


def test_nothing_was_asked_of_another_site_and_nothing_failed(lab: Page, server: str, visit: Visit):
    own = {urlsplit(server).netloc, ""}
    assert {urlsplit(url).netloc for url in visit.requests} <= own
    assert visit.errors == []
