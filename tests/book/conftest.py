"""A server for the built book and a real browser to read it with.

The book is served below /book/, as GitHub Pages serves it below the repository's name, so that a link from the
root of a domain shows up as a failed request.
"""

import gzip
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from helpers.widgets.page import page_html

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
PREFIX = "/book/"
WIDE = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


TRIAL_PAGES: dict[str, bytes] = {}  # pages that are not in the book: name -> HTML


class Handler(SimpleHTTPRequestHandler):
    """Serves the book below PREFIX, pages on trial beside its own, and nothing else."""

    def do_GET(self) -> None:
        """A file of the book, or a page on trial."""
        page = TRIAL_PAGES.get(self.path.removeprefix(f"{PREFIX}book/"))
        if page is None:
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page)

    def translate_path(self, path: str) -> str:
        """The file behind an address; an address outside of PREFIX has none."""
        if not path.startswith(PREFIX):
            return str(HTML / "no-such-file")
        return super().translate_path("/" + path.removeprefix(PREFIX))

    def log_message(self, format: str, *args: object) -> None:
        """Requests are recorded by the browser."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the built book, with a slash at its end."""
    if not (HTML / "index.html").is_file():
        pytest.fail("The book is not built: run `make book` first.", pytrace=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()


@pytest.fixture
def show(page: Page, site: str) -> Callable[..., Locator]:
    """Put widgets in a page of the book and open it: gives the first one's box, drawn."""

    def shown(*widgets: Any) -> Locator:
        frame = (HTML / "book" / "notation.html").read_text(encoding="utf-8")
        article = re.compile(r"(<article[^>]*>).*?(</article>)", re.DOTALL)
        content = f"<section><h1>A widget on trial</h1>{''.join(map(page_html, widgets))}</section>"
        name = f"trial-{widgets[0].model_id}.html"
        TRIAL_PAGES[name] = article.sub(lambda found: found[1] + content + found[2], frame, count=1).encode()
        page.goto(f"{site}book/{name}")
        place = page.locator(".book-widget").first
        place.scroll_into_view_if_needed()
        box = place.locator(".book-tool")
        expect(box).to_be_visible()
        return box

    return shown


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page on a wide screen, light."""
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    yield context.new_page()
    context.close()


@dataclass
class Visit:
    """What happened when a page was opened once: requests, messages, and what was measured in it."""

    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    transferred: dict[str, int] = field(default_factory=dict)  # bytes compressed, before any scrolling
    images_without_alt: list[str] = field(default_factory=list)
    texts_of_figures: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    overflow_px: int = 0


def errors_of(page: Page, said: list[str] | None = None) -> list[str]:
    """What the page will complain about from now on, behind what was `said` before."""
    said = [] if said is None else said
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    return said


@pytest.fixture
def errors(page: Page) -> Iterator[list[str]]:
    """What the page complains about; nothing, at the end of each test."""
    said = errors_of(page)
    yield said
    assert said == []


def ready(box: Locator) -> Locator:
    """The widget's box, once its model can write."""
    expect(box).to_have_attribute("data-live", "ready")
    return box


def record(page: Page, visit: Visit) -> None:
    """Write down what the page asks for and what it complains about."""
    errors_of(page, visit.errors)
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("requestfailed", lambda request: visit.failed.append(f"{request.url}: {request.failure}"))
    page.on(
        "response",
        lambda response: visit.failed.append(f"{response.url}: {response.status}") if response.status >= 400 else None,
    )


@cache
def compressed_size(path: str) -> int:
    """Bytes of a file of the site as a server with compression sends it."""
    body = (HTML / path).read_bytes()
    return len(body) if path.endswith((".woff", ".woff2", ".png")) else min(len(body), len(gzip.compress(body)))


def weigh(visit: Visit, site: str) -> dict[str, int]:
    """Compressed bytes of each file that was loaded, every file once."""
    local = {url.partition("?")[0].partition("#")[0] for url in visit.requests if url.startswith(site)}
    paths = {url.removeprefix(site) for url in local}
    return {path: compressed_size(path) for path in sorted(paths) if (HTML / path).is_file()}


# A headless browser may stop drawing frames, and nothing ends an evaluation that waits for one: so a clock does.
DRAWN = """(patience) => {
    const frame = () => new Promise(requestAnimationFrame);
    const drawn = Promise.resolve(window.MathJax?.startup?.promise).then(frame).then(frame);
    return Promise.race([drawn, new Promise((done) => setTimeout(done, patience))]).then(() => true);
}"""


def settle(page: Page) -> None:
    """Wait until the page asks for nothing any more and formulas and widgets are drawn."""
    page.wait_for_load_state("networkidle")
    page.evaluate(DRAWN, 10_000)


def scroll_through(page: Page) -> None:
    """Bring every part of the page near the screen once, so that what is loaded late is loaded."""
    page.evaluate(
        """async () => {
            for (let y = 0; y < document.documentElement.scrollHeight; y += 700) {
                scrollTo({top: y, behavior: "instant"});
                await new Promise(done => setTimeout(done, 15));
            }
            scrollTo({top: 0, behavior: "instant"});
        }"""
    )
    settle(page)


def thin_out_code(page: Page) -> None:
    """Of a cell's words of code keep one of each look as an element: axe takes each by itself, thousands are alike."""
    page.evaluate(
        """() => {
            const repeated = [];
            for (const code of document.querySelectorAll("pre")) {
                const seen = new Set();
                for (const word of [...code.children].filter((child) => child.matches("span:not(:has(*))"))) {
                    const { color, backgroundColor, fontWeight, fontSize } = getComputedStyle(word);
                    const look = [color, backgroundColor, fontWeight, fontSize].join();
                    if (seen.has(look)) repeated.push(word);
                    seen.add(look);
                }
            }
            repeated.forEach((word) => word.replaceWith(word.textContent)); // at the end: each makes styles stale
        }"""
    )


def serious_violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical, with the first places."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {[node['html'][:200] for node in rule['nodes'][:4]]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


def open_page(context: BrowserContext, site: str, path: str) -> Visit:
    """Open a page once, look at all of it, and write down what happened."""
    visit = Visit()
    page = context.new_page()
    record(page, visit)
    page.goto(site + path)
    settle(page)
    visit.transferred = weigh(visit, site)
    scroll_through(page)
    visit.images_without_alt = page.evaluate(
        "() => [...document.images].filter(i => !i.hasAttribute('alt')).map(i => i.outerHTML.slice(0, 200))"
    )
    visit.texts_of_figures = page.eval_on_selector_all(".cell_output img", "images => images.map(i => i.alt)")
    thin_out_code(page)
    visit.violations = serious_violations(page)
    page.set_viewport_size(PHONE)
    settle(page)
    visit.overflow_px = overflow(page)
    page.close()
    return visit


@pytest.fixture(scope="session")
def visit(browser: Browser, site: str) -> Callable[[str, str], Visit]:
    """Open a page in a colour scheme; the second question about the same page costs nothing."""

    @cache
    def once(path: str, scheme: str) -> Visit:
        context = browser.new_context(viewport=WIDE, color_scheme=scheme)
        try:
            return open_page(context, site, path)
        finally:
            context.close()

    return once
