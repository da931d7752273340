"""The list of what can be taken away, one row a chapter.

    ```{downloads}
    ```

The notebook of every chapter is in the site. Its PDF is there if `make pdf` built it, which sets BOOK_PDF: a page
never links to a file that is not there.
"""

import os
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book._ext.chapter_tables import title


def row(page: str, root: str, has_pdf: bool) -> str:
    """One chapter: its notebook as a file, its PDF."""
    stem = page.split("/")[-1]
    notebook = f'<a href="{root}_sources/{page}.ipynb" download>{stem}.ipynb</a>'
    pdf = f' | <a href="{root}pdf/{stem}.pdf">{stem}.pdf</a>' if has_pdf else ""
    return f"| {title(page)} | {notebook}{pdf} |"


class Downloads(SphinxDirective):
    """Writes the table."""

    option_spec: ClassVar[dict] = {}

    def run(self) -> list[nodes.Node]:
        """The nodes of the table."""
        self.env.note_reread()  # Sphinx does not watch BOOK_PDF, nor the notebooks for this page
        has_pdf = bool(os.environ.get("BOOK_PDF"))
        pages = sorted(page for page in self.env.found_docs if page.startswith("notebooks/"))
        root = "../" * self.env.docname.count("/")
        head = "| chapter | notebook | to print |\n|---|---|---|" if has_pdf else "| chapter | notebook |\n|---|---|"
        return self.parse_text_to_nodes("\n".join([head, *(row(page, root, has_pdf) for page in pages)]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("downloads", Downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
