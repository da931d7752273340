"""What a site tells those who link to it: its address, a card for messages, a map for search engines, its licence.

The address is that of GitHub Pages for the repository that builds the book, so a fork's pages name the fork. The map
is written here in a few lines: the extension that would write it asks git for the date of every page, and a copy of
the book need not be a git repository.
"""

import os
from pathlib import Path
from xml.sax.saxutils import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from tools.address import current

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = {"genindex", "search"}  # pages that only serve the others


def set_identity(app: Sphinx, config: Config) -> None:
    """The address, for canonical links, and what sphinxext.opengraph writes into every page's head."""
    url = current(ROOT, os.environ).pages_url
    config.html_baseurl = url
    config.ogp_site_url = url
    config.ogp_site_name = config.html_title or "From GPT to LLaMA"
    config.ogp_social_cards = {"line_color": "#0072b2"}  # the first colour of helpers.viz


def describe_chapter(app: Sphinx, doctree: nodes.document) -> None:
    """A chapter begins with its launch link; the card of a message should begin with what the chapter is about."""
    page = app.env.docname
    if page.startswith("notebooks/"):
        texts = (paragraph.astext() for paragraph in doctree.findall(nodes.paragraph))
        about = next((text for text in texts if not text.startswith("Open this notebook")), "")
        app.env.metadata[page]["og:description"] = " ".join(about.split())


def write_site_map(app: Sphinx, error: Exception | None) -> None:
    """sitemap.xml with every page of the book, and robots.txt that names it."""
    if error or app.builder.format != "html":
        return
    base = app.config.html_baseurl
    pages = sorted(page for page in app.env.found_docs if page not in HIDDEN)
    entries = "\n".join(f"<url><loc>{escape(base + app.builder.get_target_uri(page))}</loc></url>" for page in pages)
    out = Path(app.outdir)
    out.joinpath("sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}\n</urlset>\n',
        encoding="utf-8",
    )
    out.joinpath("robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {base}sitemap.xml\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Set the address before others read it; write the map when all pages are there."""
    app.connect("config-inited", set_identity, priority=100)
    app.connect("doctree-read", describe_chapter)
    app.connect("build-finished", write_site_map)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
