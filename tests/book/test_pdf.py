"""A chapter on paper: what Chromium prints holds the text, the headings, and the figures with what they show."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from tests.book.conftest import HTML
from tools.pdf import print_book

CHAPTER = "03b_sampling"


@pytest.fixture(scope="module")
def document(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    """One chapter, printed."""
    (path,) = print_book(HTML, browser, [CHAPTER], tmp_path_factory.mktemp("pdf"))
    return PdfReader(path)


def structure(node: DictionaryObject) -> Iterator[DictionaryObject]:
    """Every element of the document's tree of tags."""
    yield node
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object()
        if isinstance(kid, DictionaryObject) and "/S" in kid:
            yield from structure(kid)


def test_every_figure_of_the_chapter_is_printed_with_its_description(document: PdfReader):
    page = (HTML / "notebooks" / f"{CHAPTER}.html").read_text(encoding="utf-8")
    drawn = re.findall(r'<img[^>]*src="\.\./_images/[^"]+"[^>]*>', page)
    assert len(drawn) >= 2
    tree = structure(document.root_object["/StructTreeRoot"])
    described = [str(node["/Alt"]) for node in tree if node.get("/S") == "/Figure" and "/Alt" in node]
    for image in drawn:
        alt = re.search(r'alt="([^"]*)"', image)[1]
        assert any(alt[:40] in text for text in described), alt


def test_text_headings_and_formulas_are_there(document: PdfReader):
    text = "\n".join(page.extract_text() for page in document.pages)
    assert len(document.pages) > 10
    for words in ("A fair draw is a race", "Summary", "quality: words right before the first slip"):
        assert words in text
    titles = [entry["/Title"] for entry in flat(document.outline)]
    assert any(title.startswith("Exercise 1") for title in titles)


def flat(outline: list) -> Iterator[dict]:
    """The bookmarks of all levels."""
    for entry in outline:
        if isinstance(entry, list):
            yield from flat(entry)
        else:
            yield entry
