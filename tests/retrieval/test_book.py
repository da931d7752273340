import json
from pathlib import Path

from docutils.nodes import make_id

from helpers.retrieval import book_passages, book_questions, references
from tools.book_passages import CHAPTERS, COPY, chapter, chunks, plain, sections
from tools.book_passages import references as of_bibliography

ROOT = Path(__file__).parents[2]


def test_every_passage_stands_where_its_address_says():
    addresses = {}
    for passage in book_passages():
        page, place = passage.place.split("#")
        if page.startswith("notebooks/"):
            if page not in addresses:
                cells = json.loads((ROOT / page.replace(".html", ".ipynb")).read_text(encoding="utf-8"))["cells"]
                text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
                addresses[page] = {make_id(title) for title, _ in sections(text)}
            assert place in addresses[page], f"{passage.place} is gone: run python -m tools.book_passages"


def test_every_question_is_answered_by_a_passage():
    places = {passage.place for passage in book_passages()}
    assert len(book_questions()) >= 30
    for question in book_questions():
        assert question.places
        assert set(question.places) <= places, question.text


def test_the_copy_is_small_and_holds_every_chapter_that_is_asked_about():
    assert COPY.stat().st_size < 600_000
    pages = {p.place.split("#")[0] for p in book_passages()}
    assert pages == {f"notebooks/{name}.html" for name in CHAPTERS} | {"book/glossary.html", "book/ledger.html"}
    assert not [p for p in book_passages() if "<" in p.text and "</" in p.text]


def test_the_ledgers_passages_name_works_that_are_in_the_bibliography():
    cited = {key for passage in book_passages() for key in passage.sources}
    assert len(cited) > 50
    assert cited <= set(references())
    assert references()["vaswani2017attention"].endswith("(2017). Attention Is All You Need")


def test_names_and_titles_are_read_as_people_write_them(tmp_path):
    (tmp_path / "some.bib").write_text("""@misc{mikolov2010,
  author = {Mikolov, Tom{\\'a}{\\v{s}} and X, Y},
  title = {{A {B} \\& C}},
  year = {2010},
}""")
    assert of_bibliography(tmp_path / "some.bib") == {"mikolov2010": "Mikolov, Tomáš (2010). A B & C"}


def test_exercises_and_code_are_left_out(tmp_path):
    path = tmp_path / "09_x.ipynb"
    text = "## Why?\n\nBecause **it** is [so](http://x).\n\n```python\ncode\n```\n\n" + "word " * 20
    cells = [
        {"cell_type": "markdown", "source": [text]},
        {"cell_type": "code", "source": ["secret = 1"]},
        {"cell_type": "markdown", "source": ["## Exercises\n\n" + "task " * 20]},
    ]
    path.write_text(json.dumps({"cells": cells}))
    (passage,) = chapter(path)
    assert passage["place"] == "notebooks/09_x.html#why"
    assert passage["text"].startswith("Because it is so. word")
    assert "code" not in passage["text"]


def test_no_word_of_the_prose_is_lost_between_passages():
    text = "\n\n".join(f"paragraph {i} " + "word " * (i % 60 + 10) for i in range(40))
    assert " ".join(chunks(plain(text))).split() == text.split()
