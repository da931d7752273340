"""Link each word of the glossary where a chapter uses it first.

Only running text is looked at: not headings, code, formulas, links, or the exercises' stubs. A longer term wins over
a shorter one that it holds, and a plural counts as its word.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

PAGE = "book/glossary"
# What is never running text, or is linked already.
CLOSED = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.raw, nodes.math, nodes.math_block)


def terms(app: Sphinx) -> dict[str, str]:
    """The anchor of every term, by the term in small letters."""
    objects = app.env.get_domain("std").get_objects()
    return {name.lower(): anchor for name, _, kind, page, anchor, _ in objects if kind == "term" and page == PAGE}


def pattern(words: list[str]) -> re.Pattern:
    """Finds any of the words as a whole word, the longest first, with or without a plural s."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})s?(?![\w-])", re.IGNORECASE)


def is_running_text(text: nodes.Text) -> bool:
    """Whether a piece of text may carry a link."""
    node = text.parent
    while node is not None:
        if isinstance(node, CLOSED):
            return False
        node = node.parent
    return True


def link_terms(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put the links into the page of a chapter."""
    left = terms(app) if page.startswith("notebooks/") else {}
    address = app.builder.get_relative_uri(page, PAGE)
    for text in list(doctree.findall(nodes.Text)):
        if left and is_running_text(text):
            linked = link_first_uses(text.astext(), left, address)
            if len(linked) > 1:
                text.parent.replace(text, linked)


def link_first_uses(text: str, left: dict[str, str], address: str) -> list[nodes.Node]:
    """The text in pieces, with a link for every term that it is the first to use; these terms leave `left`."""
    pieces: list[nodes.Node] = []
    end = 0
    for found in pattern(list(left)).finditer(text):
        anchor = left.pop(found[1].lower(), None)
        if anchor is None:  # used a second time in the same text
            continue
        pieces.append(nodes.Text(text[end : found.start()]))
        link = nodes.reference("", found[0], internal=True, refuri=f"{address}#{anchor}", classes=["glossary-word"])
        pieces.append(link)
        end = found.end()
    return [*pieces, nodes.Text(text[end:])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Link once all pages are read, when the glossary has its anchors."""
    app.connect("doctree-resolved", link_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
