"""What the site is as a whole: every link leads somewhere, every source is found, everything can be taken away."""

import json
import re
import subprocess
import sys
import zipfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree

import pytest

from book._ext.chapter_tables import exercises, last_run
from book._ext.glossary_links import link_first_uses
from tests.book.conftest import HTML, ROOT
from tools.address import current
from tools.site_downloads import write_wheel

PAGES = sorted(
    path.relative_to(HTML).as_posix() for kind in ("book", "notebooks") for path in (HTML / kind).glob("*.html")
)
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


class Anatomy(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.heads: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what the tag points to and what points to it."""
        found = {name: value or "" for name, value in attrs}
        self.anchors.update(found[name] for name in ("id", "name") if found.get(name))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in ("meta", "link"):
            self.heads.append({"tag": tag, **found})


@cache
def anatomy(page: str) -> Anatomy:
    """The parsed page."""
    parser = Anatomy()
    parser.feed((HTML / page).read_text(encoding="utf-8"))
    return parser


def broken(page: str, link: str) -> str | None:
    """Why a link of a page leads nowhere, or None; links to other sites are not followed."""
    if re.match(r"[a-z]+:|//", link):
        return None
    address, anchor = urldefrag(unquote(link))
    path = ((HTML / page).parent / address.partition("?")[0]).resolve() if address else (HTML / page).resolve()
    if not path.is_file():
        return f"{link}: no such file"
    name = path.relative_to(HTML.resolve()).as_posix()
    if anchor and path.suffix == ".html" and anchor not in anatomy(name).anchors:
        return f"{link}: no such anchor"
    return None


def test_there_are_pages_of_both_kinds():
    assert len(CHAPTERS) >= 8
    assert len(PAGES) - len(CHAPTERS) >= 12


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_book_leads_to_a_page_and_a_place_in_it(page: str):
    assert [why for link in anatomy(page).links if (why := broken(page, link))] == []


def test_a_link_to_nowhere_is_seen():
    assert broken(CHAPTERS[0], "no_such_chapter.html") == "no_such_chapter.html: no such file"
    assert broken(CHAPTERS[0], "#no-such-heading") == "#no-such-heading: no such anchor"
    assert broken(CHAPTERS[0], "#recall") is None


@pytest.mark.parametrize("page", CHAPTERS)
def test_every_source_of_a_chapter_is_linked_to_the_bibliography(page: str):
    text = (HTML / page).read_text(encoding="utf-8")
    keys = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), re.M))
    linked = re.findall(
        r'<a class="bibliography-key[^"]*" href="\.\./book/bibliography\.html#\w+"><code[^>]*><span[^>]*>([^<]+)', text
    )
    sources = text[text.index('id="sources"') :]
    named = [key for key in re.findall(r'<span class="pre">([a-z]+\d{4}\w*)</span>', sources) if key in keys]
    assert len(named) >= 5
    assert set(named) <= set(linked)


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_word_of_the_glossary_is_linked_at_its_first_use_alone(page: str):
    words = re.findall(
        r'<a class="glossary-word[^"]*" href="\.\./book/glossary\.html#([^"]+)"',
        (HTML / page).read_text(encoding="utf-8"),
    )
    assert len(words) >= 5
    assert len(words) == len(set(words))


def test_a_longer_word_wins_a_plural_counts_and_a_second_use_stays_plain():
    left = {"attention": "a", "attention head": "h", "token": "t"}
    pieces = link_first_uses("Attention heads read tokens; attention and a token, pretokenized.", left, "g")
    linked = [(piece.astext(), piece["refuri"]) for piece in pieces if piece.tagname == "reference"]
    assert linked == [("Attention heads", "g#h"), ("tokens", "g#t"), ("attention", "g#a")]
    assert (
        "".join(piece.astext() for piece in pieces)
        == "Attention heads read tokens; attention and a token, pretokenized."
    )
    assert left == {}


def test_the_index_has_every_exercise_and_leads_to_it():
    written = sum(
        len(
            re.findall(
                r"^### Exercise",
                "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]),
                re.M,
            )
        )
        for path in NOTEBOOKS
    )
    links = [link for link in anatomy("book/exercises.html").links if "#exercise-" in link]
    assert len(links) == len(set(links)) == written
    assert sum(len(list(exercises(f"notebooks/{path.stem}"))) for path in NOTEBOOKS) == written


def test_the_status_tells_the_last_run_of_every_notebook():
    text = (HTML / "book" / "status.html").read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        run = last_run(f"notebooks/{path.stem}")
        assert run.memory, (
            f"{path.name} was run before its last line told the memory: make notebooks ONLY=notebooks/{path.name}"
        )
        assert f'<td class="text-right"><p>{run.seconds}</p></td>' in text
        assert run.memory in text


def test_the_map_of_the_site_names_every_page_and_every_page_its_address():
    base = current(ROOT, {}).pages_url
    places = {place.text for place in ElementTree.parse(HTML / "sitemap.xml").iterfind(".//{*}loc")}
    assert places == {base + page for page in PAGES}
    assert f"Sitemap: {base}sitemap.xml" in (HTML / "robots.txt").read_text(encoding="utf-8")
    for page in PAGES:
        canonical = [head["href"] for head in anatomy(page).heads if head.get("rel") == "canonical"]
        assert canonical == [base + page]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_card_with_a_picture_that_exists_a_licence_and_an_icon(page: str):
    heads = {head["property"]: head["content"] for head in anatomy(page).heads if "property" in head}
    picture = heads["og:image"].removeprefix(current(ROOT, {}).pages_url)
    assert (HTML / picture).stat().st_size > 5_000
    assert heads["og:site_name"] == "From GPT to LLaMA"
    assert len(heads["og:description"]) > 40
    assert "Open this notebook" not in heads["og:description"]
    assert "https://creativecommons.org/licenses/by/4.0/" in anatomy(page).links
    assert any("icon" in head.get("rel", "") for head in anatomy(page).heads)


def test_the_archive_holds_every_notebook_as_it_is_here():
    with zipfile.ZipFile(HTML / "downloads" / "notebooks.zip") as archive:
        names = archive.namelist()
        assert names == ["notebooks/README.txt", *(f"notebooks/{path.name}" for path in NOTEBOOKS)]
        for path in NOTEBOOKS:
            assert archive.read(f"notebooks/{path.name}") == path.read_bytes()


def test_the_wheel_holds_the_whole_package_and_nothing_else():
    (wheel,) = (HTML / "downloads").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if name.startswith("helpers/")}
    tree = ROOT / "src"
    files = {
        path.relative_to(tree).as_posix(): path.read_bytes() for path in (tree / "helpers").rglob("*") if path.is_file()
    }
    assert held == {name: body for name, body in files.items() if "__pycache__" not in name}


def test_a_package_that_cannot_be_built_is_said_with_pips_words(tmp_path: Path):
    broken_tree = tmp_path / "tree"
    (broken_tree / "src").mkdir(parents=True)
    for name in ("README.md", "LICENSE"):
        (broken_tree / name).write_text("")
    (broken_tree / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "no_such_backend"\n')
    (tmp_path / "out").mkdir()
    with pytest.raises(RuntimeError, match="no_such_backend"):
        write_wheel(tmp_path / "out", broken_tree)


def misspelt(*paths: Path) -> str:
    """What codespell finds, a line each; the words that are right here stand in pyproject.toml."""
    command = [sys.executable, "-m", "codespell_lib", *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout


def test_common_misspellings_are_not_in_the_book(tmp_path: Path):
    for path in NOTEBOOKS:  # what was written by hand, without the outputs
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        (tmp_path / f"{path.stem}.md").write_text(
            "\n".join("".join(cell["source"]) for cell in cells), encoding="utf-8"
        )
    rooms = ("book", "src", "experiments", "benchmarks", "tools", "tests", "README.md", "CONTRIBUTING.md")
    assert misspelt(*(ROOT / room for room in rooms), tmp_path) == ""


def test_a_misspelling_would_be_found(tmp_path: Path):
    (tmp_path / "page.md").write_text("We " + "recie" + "ve a token.\n")
    assert "receive" in misspelt(tmp_path)
