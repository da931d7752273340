"""Link the keys of works that a chapter names to their entries in the bibliography.

In a notebook a source is a key in backticks, which reads well in JupyterLab and needs no extension there. In the page
it becomes a link. A key without an entry is a warning, which ends the build: a source that cannot be looked up is
none.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

KEY = re.compile(r"[a-z]+\d{4}\w*")
PAGE = "book/bibliography"
logger = logging.getLogger(__name__)


def anchors(app: Sphinx) -> dict[str, str]:
    """Where each work stands on the page of the bibliography, by its key."""
    domain = app.env.get_domain("cite")
    return {
        citation.key: citation.citation_id for citation in domain.citations if citation.bibliography_key.docname == PAGE
    }


def link_keys(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Turn every key that stands alone in backticks into a link, in the pages of chapters."""
    if not page.startswith("notebooks/"):
        return
    known = anchors(app)
    for literal in list(doctree.findall(nodes.literal)):
        key = literal.astext()
        if not KEY.fullmatch(key) or isinstance(literal.parent, nodes.reference):
            continue
        if key not in known:
            logger.warning(f"{page}: the key {key} has no entry in book/references.bib")
            continue
        address = f"{app.builder.get_relative_uri(page, PAGE)}#{known[key]}"
        link = nodes.reference("", "", internal=True, refuri=address, classes=["bibliography-key"])
        literal.replace_self(link)
        link += literal


def setup(app: Sphinx) -> dict[str, bool]:
    """Link once all pages are read, when the entries have their anchors."""
    app.connect("doctree-resolved", link_keys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
