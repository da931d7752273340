"""The claims ledger as a page, tied in both directions to the boxes "Checked" of the chapters.

    ```{ledger} verdicts
    ```
    ```{ledger} claims
    ```

A box names the claims it treats in a comment on its first line: `<div class="checked">`, then `<!-- C063 C064 -->`.
In the page of the chapter the comment becomes the anchors #c063 and #c064 and a line of links back to the ledger; the
ledger links to every chapter of the book that has such an anchor. All numbers are computed while the book is built.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from helpers.ledger import Claim

ROOT = Path(__file__).resolve().parents[2]
PAGE = "book/ledger"
BOX = re.compile(r'<div class="checked">\s*<!--\s*(C\d{3}(?:[\s,]+C\d{3})*)\s*-->')
logger = logging.getLogger(__name__)


def claims_of_box(found: re.Match) -> list[str]:
    """The numbers that a box names."""
    return re.findall(r"C\d{3}", found[1])


def places(folder: Path) -> dict[str, list[str]]:
    """For each claim the notebooks, by stem, in which a box names it."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        for name in dict.fromkeys(name for box in BOX.finditer(text) for name in claims_of_box(box)):
            found.setdefault(name, []).append(path.stem)
    return found


# --- the page of the ledger -----------------------------------------------------------------------------------


def verdicts_text() -> str:
    """The table of verdicts in Markdown, and the place where the page's script puts its controls."""
    from helpers.ledger import CHAPTERS, SURE, VERDICTS, claims

    names = {"chapters": CHAPTERS, "verdicts": VERDICTS, "sure": SURE}
    everything = json.dumps({key: list(value.items()) for key, value in names.items()}, ensure_ascii=False)
    place = f'<div class="ledger" data-names="{html.escape(everything)}"></div>'
    return f"{counts(claims(), VERDICTS)}\n\n{place}"


def claims_text(boxes: Mapping[str, list[str]], addresses: Mapping[str, str]) -> str:
    """All claims in Markdown. `addresses` says where the chapters of this book are, seen from here, by stem."""
    from helpers.ledger import sections

    parts = []
    for n, section in enumerate(sections(), start=1):
        parts.append(f"## {n} {section.title}")
        parts += [card(claim, boxes.get(claim.id, []), addresses) for claim in section.claims]
    return "\n\n".join(parts)


def counts(claims: Iterable["Claim"], words: Mapping[str, str]) -> str:
    """A table of the verdicts, what each means, and how often it was given."""
    given = [claim.verdict for claim in claims]
    rows = "\n".join(f"| {word} | {meaning} | {given.count(word)} |" for word, meaning in words.items())
    return f"| verdict | meaning | claims |\n|---|---|---:|\n{rows}"


def card(claim: "Claim", stems: list[str], addresses: Mapping[str, str]) -> str:
    """One claim: what is said, what is right, what was computed, who says so, and where it is shown."""
    from helpers.ledger import SURE

    chapters = dict.fromkeys([*claim.chapters, *stems])
    anchor, section = claim.id.lower(), claim.section
    where = f"section {section}" if section[0].isdigit() else section
    head = (
        f'<div class="claim" id="{anchor}" data-verdict="{claim.verdict}" data-chapters="{" ".join(chapters)}" '
        f'data-sure="{claim.sure}">\n\n'
        f'<p class="claim-head"><a href="#{anchor}">{claim.id}</a> '
        f'<strong class="claim-verdict">{claim.verdict}</strong> '
        f'<span class="claim-section">{where} of the article</span></p>'
    )
    said = "Left out" if claim.verdict == "missing" else "Said"
    found = "To add" if claim.verdict == "missing" else "Found"
    parts = [head, f"*{said}:* {claim.claim}", f"*{found}:* {claim.correction}"]
    if numbers := claim.numbers():
        parts.append(
            '<ul class="claim-numbers">' + "".join(f"<li>{html.escape(str(n))}</li>" for n in numbers) + "</ul>"
        )
    sources = ([f"{{cite:t}}`{','.join(claim.sources)}`"] if claim.sources else []) + list(claim.documents)
    shown = ", ".join(chapter_link(stem, anchor if stem in stems else "", addresses) for stem in chapters)
    sources_line = f"Sources: {'; '.join(sources)} ({SURE[claim.sure]})" if sources else "No source exists"
    more = ". ".join([sources_line, *([f"As of {claim.as_of}"] if claim.as_of else [])]) + "."
    parts.append(f"{more} {claim.unread}".rstrip())
    parts.append(f'<p class="claim-chapters">Chapters: {shown}</p>')
    return "\n\n".join([*parts, "</div>"])


def chapter_link(stem: str, anchor: str, addresses: Mapping[str, str]) -> str:
    """The chapter's name, linked to the box if it has one, to the chapter if it is in the book, else alone."""
    from helpers.ledger import CHAPTERS

    name = html.escape(CHAPTERS.get(stem, stem))
    if stem not in addresses:
        return name
    return f'<a href="{addresses[stem]}{f"#{anchor}" if anchor else ""}">{name}</a>' + " (box)" * bool(anchor)


class Ledger(SphinxDirective):
    """Writes the table of verdicts, or all claims with headings: two parts, since headings come before what is not."""

    required_arguments = 1
    option_spec: ClassVar[dict] = {}

    def run(self) -> list[nodes.Node]:
        """The nodes of one part."""
        self.env.note_reread()  # Sphinx does not watch the notebooks and the package for this page
        if self.arguments[0] == "verdicts":
            return self.parse_text_to_nodes(verdicts_text())
        if self.arguments[0] != "claims":
            raise self.error(f"a part of the ledger is verdicts or claims, got {self.arguments[0]!r}")
        chapters = [page for page in self.env.found_docs if page.startswith("notebooks/")]
        address = self.env.app.builder.get_relative_uri
        addresses = {page.split("/")[-1]: address(self.env.docname, page) for page in chapters}
        text = claims_text(places(ROOT / "notebooks"), addresses)
        return self.parse_text_to_nodes(text, allow_section_headings=True)


# --- the pages of the chapters --------------------------------------------------------------------------------


def opened(numbers: list[str], known: set[str], seen: set[str], ledger: str | None) -> str:
    """The first line of a box: an anchor for each claim that has none yet, and links to the ledger if there is one."""
    anchors = "".join(f'<span id="{name.lower()}"></span>' for name in numbers if name in known - seen)
    seen.update(numbers)
    links = " · ".join(f'<a href="{ledger}#{name.lower()}">{name}</a>' for name in numbers if name in known)
    line = f'<p class="checked-claims">Ledger: {links}</p>' if ledger is not None and links else ""
    return f'<div class="checked">{anchors}{line}'


def tie_boxes(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Turn the comments of a chapter's boxes into anchors and links."""
    raws = [node for node in doctree.findall(nodes.raw) if BOX.search(node.astext())]
    if not raws or app.builder.format != "html":
        return
    from helpers.ledger import claims

    known, seen = {claim.id for claim in claims()}, set[str]()
    ledger = app.builder.get_relative_uri(page, PAGE) if PAGE in app.env.found_docs else None

    def tied(found: re.Match) -> str:
        numbers = claims_of_box(found)
        for name in numbers:
            if name not in known:
                logger.warning("a box names claim %s, which the ledger does not have", name, location=page)
        return opened(numbers, known, seen, ledger)

    for node in raws:
        text = BOX.sub(tied, node.astext())
        node.replace_self(nodes.raw("", text, format=node["format"]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and both steps."""
    app.add_directive("ledger", Ledger)
    app.connect("doctree-resolved", tie_boxes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
