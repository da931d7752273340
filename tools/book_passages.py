"""Cut the book into the passages that its own search finds: `python -m tools.book_passages` renews the package's copy.

A passage is about a paragraph, with the title of its section and the address of that section's page. Exercises, recall
questions and lists of sources are left out. The chapters are those that the questions written by hand are about.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from docutils.nodes import make_id
from pybtex.database import parse_file
from pybtex.richtext import Text

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / "src/helpers/retrieval/book.json"
CHAPTERS = (
    "01_concepts", "02_architecture", "02b_bert_and_t5", "03_gpt", "03b_sampling", "03c_scaling_and_prompting",
    "04_llama", "05_training",
)  # fmt: skip
LEFT_OUT = ("Exercises", "Recall", "Sources")
N_WORDS = 110  # a passage is closed by the paragraph that takes it past this
Passage = dict[str, str]


def main() -> None:
    """Write the copy."""
    passages = [p for stem in CHAPTERS for p in chapter(ROOT / f"notebooks/{stem}.ipynb")]
    passages += [*glossary(ROOT / "book/glossary.md"), *claims(ROOT / "src/helpers/ledger/claims")]
    copy = {"passages": passages, "references": references(ROOT / "book/references.bib")}
    COPY.write_text(json.dumps(copy, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{len(passages)} passages, {COPY.stat().st_size:,} bytes")


def chapter(path: Path) -> Iterator[Passage]:
    """The passages of a notebook's prose, section by section."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    for title, body in sections(text):
        if title not in LEFT_OUT:
            for passage in chunks(plain(body)):
                yield {"title": title, "place": f"notebooks/{path.stem}.html#{make_id(title)}", "text": passage}


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Each heading of the first or second level with what stands below it."""
    parts = re.split(r"^##? (.+)$", text, flags=re.M)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def plain(markdown: str) -> str:
    """The words without code, markup, and the addresses of links."""
    text = re.sub(r"```.*?```|<details>.*?</details>|<!--.*?-->", " ", markdown, flags=re.S)
    text = re.sub(r"^\*\*You (?:will|need).*|^\[Open this notebook.*", " ", text, flags=re.M)
    text = re.sub(r"</?[a-z][^>]*>", " ", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|\{\w+\}`([^`]*)`", r"\1\2", text)
    return re.sub(r"[*`]+", "", text)


def chunks(text: str) -> Iterator[str]:
    """Paragraphs, short ones together."""
    gathered: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        gathered += paragraph.split()
        if len(gathered) >= N_WORDS:
            yield " ".join(gathered)
            gathered = []
    if len(gathered) > 8:
        yield " ".join(gathered)


def glossary(path: Path) -> Iterator[Passage]:
    """One passage for each term."""
    for term, meaning in re.findall(r"^(\S.*)\n((?:  .+\n?)+)", path.read_text(encoding="utf-8"), flags=re.M):
        text = re.sub(r"\s*\{cite\}`[^`]*`", "", " ".join(meaning.split()))
        yield {"title": term, "place": f"book/glossary.html#term-{term.replace(' ', '-')}", "text": text}


def claims(folder: Path) -> Iterator[Passage]:
    """One passage for each claim of the ledger: what is said, and what was found."""
    for path in sorted(folder.glob("*.toml")):
        for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if isinstance(entry, dict):
                said = f"{entry['claim']} {entry.get('verdict', '').capitalize()}. {entry.get('correction', '')}"
                sources = " ".join(entry.get("sources", []))
                yield {
                    "title": name, "place": f"book/ledger.html#{name.lower()}", "text": said, "sources": sources,
                }  # fmt: skip


def references(bibliography: Path) -> dict[str, str]:
    """First author, year and title of every work, by its key."""
    found = {}
    for key, entry in parse_file(bibliography).entries.items():
        author = str(next(iter(entry.persons["author"]), ""))
        found[key] = f"{without_latex(author)} ({entry.fields['year']}). {without_latex(entry.fields['title'])}"
    return found


def without_latex(text: str) -> str:
    """A name or a title as people read it, with accents and signs in the place of commands."""
    return Text.from_latex(text).render_as("text")


if __name__ == "__main__":
    main()
