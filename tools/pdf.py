"""Print the chapters of the built book as PDF files, one each, with Chromium.

    python -m tools.pdf _build/html                        # all of them, into _build/html/pdf
    python -m tools.pdf _build/html --only 03_gpt

Figures that move are printed as they stand, formulas are text, headings are bookmarks. A page is scrolled through
first, since figures far from the screen are drawn only when they come near.
"""

import argparse
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from tqdm import tqdm

from tools.browser import MISSING, find_browser, launch_arguments

MARGIN = "16mm"
# A figure is not cut in two; long lines of code are broken instead of lost; what only a mouse can use is left out.
STYLE = """
.book-plotly, .book-widget, .cell_output img, .cell_output svg, .checked { break-inside: avoid }
.book-bertviz { overflow: visible !important; zoom: .62; break-inside: avoid }
pre { white-space: pre-wrap !important; overflow-wrap: anywhere }
.bd-header-article, .prev-next-area, .bd-sidebar-secondary, .bd-sidebar-primary { display: none !important }
.copybtn, .headerlink { display: none !important }
"""
SCROLL = """async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
        scrollTo({top: y, behavior: "instant"});
        await new Promise(done => setTimeout(done, 40));
    }
    scrollTo({top: 0, behavior: "instant"});
    await window.MathJax?.startup?.promise;
}"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves the built site and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """A line for every request would hide the progress bar."""


def print_chapter(page: Page, address: str, path: Path) -> None:
    """One page of the site as an A4 document with bookmarks."""
    page.goto(address)
    page.add_style_tag(content=STYLE)
    page.evaluate(SCROLL)
    page.wait_for_load_state("networkidle")
    path.parent.mkdir(parents=True, exist_ok=True)
    margins = dict.fromkeys(("top", "right", "bottom", "left"), MARGIN)
    page.pdf(path=path, format="A4", print_background=True, outline=True, tagged=True, margin=margins)


def print_book(site: Path, browser: Browser, stems: list[str], folder: Path) -> list[Path]:
    """The named chapters of a built site, into a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(color_scheme="light", viewport={"width": 1000, "height": 1400})
    page, paths = context.new_page(), []
    for stem in tqdm(stems, unit="chapter"):
        path = folder / f"{stem}.pdf"
        print_chapter(page, f"http://127.0.0.1:{server.server_port}/notebooks/{stem}.html", path)
        paths.append(path)
    context.close()
    server.shutdown()
    return paths


def main() -> None:
    """Print what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument(
        "--only", nargs="+", metavar="CHAPTER", help="chapters to print, such as 03_gpt; without it all"
    )
    options = parser.parse_args()
    built = sorted(path.stem for path in (options.site / "notebooks").glob("*.html"))
    stems = options.only or built
    if not built or set(stems) - set(built):
        parser.error(f"{options.site} must be a built book with the chapters {stems}, found {built}: run make book")
    if (executable := find_browser()) is None:
        parser.error(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=launch_arguments())
        for path in print_book(options.site, browser, stems, options.site / "pdf"):
            print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
        browser.close()


if __name__ == "__main__":
    main()
