"""Two tables that are read from the notebooks while the book is built.

    ```{chapters} exercises-in-all
    ```
    ```{chapters} exercises
    ```
    ```{chapters} runs
    ```

`exercises`: every exercise of the book, linked, by what it asks for and by its minutes; `exercises-in-all` counts
them, apart, because a directive that writes headings writes nothing before them. `runs`: what each notebook said in
its last line when it was run: versions, device, seconds, memory.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
logger = logging.getLogger(__name__)
EXERCISE = re.compile(r"^### (Exercise \d+ · (.+?) \((\d+) minutes?(,? ?(?:then )?open)?\))$", re.MULTILINE)
# From how long an exercise takes to what it asks for.
LEVELS = (
    (5, "Warm-up", "a formula in a line or two"),
    (10, "A function", "one idea, one function"),
    (15, "A function that needs thought", "two ideas that meet, or an edge that is easily missed"),
    (60, "A method", "a small algorithm of its own"),
)


class Exercise(NamedTuple):
    """One exercise as its heading tells it."""

    chapter: str  # the notebook's page
    heading: str
    title: str
    minutes: int
    is_open: bool


class Run(NamedTuple):
    """The last line of one notebook."""

    chapter: str
    versions: str
    seed: str
    device: str
    seconds: int
    memory: str


@cache
def notebook(page: str) -> dict[str, Any]:
    """The stored notebook behind a page, read once a build."""
    return json.loads((ROOT / f"{page}.ipynb").read_text(encoding="utf-8"))


def prose(cells: list[dict[str, Any]]) -> str:
    """All text of a notebook that is not code."""
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def title(page: str) -> str:
    """The first heading of a notebook."""
    return prose(notebook(page)["cells"]).split("\n", 1)[0].removeprefix("# ")


def exercises(page: str) -> Iterator[Exercise]:
    """Every exercise of a notebook."""
    for found in EXERCISE.finditer(prose(notebook(page)["cells"])):
        yield Exercise(page, found[1], found[2], int(found[3]), found[4] is not None)


def last_run(page: str) -> Run:
    """What a notebook's last cell printed.

    Raises:
        ValueError: the last cell did not print the line of helpers.runtime.footer.
    """
    outputs = notebook(page)["cells"][-1].get("outputs", [])
    line = "".join("".join(output.get("text", "")) for output in outputs).strip()
    parts = line.split(" · ")
    if len(parts) not in (6, 7) or not parts[5].endswith(" s"):
        raise ValueError(
            f"{page}: the last cell must print footer(...), got {line!r}: run make notebooks ONLY={page}.ipynb"
        )
    memory = parts[6].removeprefix("at most ") if len(parts) == 7 else ""
    return Run(page, ", ".join(parts[:3]), parts[3].removeprefix("seed "), parts[4], int(parts[5][:-2]), memory)


def count_text(pages: list[str], links: dict[str, str]) -> str:
    """How many exercises there are, and how long they take."""
    everything = [e for page in pages for e in exercises(page)]
    hours, minutes = divmod(sum(e.minutes for e in everything), 60)
    n_open = sum(e.is_open for e in everything)
    return (
        f"{len(everything)} exercises, {hours} hours and {minutes} minutes in all; {n_open} of them have an open end."
    )


def exercises_text(pages: list[str], links: dict[str, str]) -> str:
    """All exercises in Markdown: a heading and a table for each level, the shortest first."""
    everything = sorted((e for page in pages for e in exercises(page)), key=lambda e: e.minutes)
    parts, lowest = [], 0
    for highest, level, what in LEVELS:
        rows = [exercise_row(e, links[e.chapter]) for e in everything if lowest < e.minutes <= highest]
        if rows:
            table = "\n".join(["| minutes | exercise | chapter |", "|---:|---|---|", *rows])
            parts += [f"## {level}", f"{what[0].upper()}{what[1:]}.", table]
        lowest = highest
    return "\n\n".join(parts)


def exercise_row(exercise: Exercise, link: str) -> str:
    """One exercise with links to its heading and to its chapter."""
    anchor = nodes.make_id(exercise.heading)
    minutes = f"{exercise.minutes}{' and more' * exercise.is_open}"
    return f'| {minutes} | <a href="{link}#{anchor}">{exercise.title}</a> | {chapter_link(exercise.chapter, link)} |'


def chapter_link(page: str, link: str) -> str:
    """A chapter's title, linked."""
    return f'<a href="{link}">{title(page)}</a>'


def runs_text(pages: list[str], links: dict[str, str]) -> str:
    """The last run of every notebook in Markdown, and the sum of their times."""
    runs = list(finished(pages))
    head = ["| chapter | seconds | memory at most | seed | device | versions |", "|---|---:|---:|---|---|---|"]
    cells = [
        (chapter_link(r.chapter, links[r.chapter]), r.seconds, r.memory, r.seed, r.device, r.versions) for r in runs
    ]
    rows = [f"| {' | '.join(map(str, row))} |" for row in cells]
    total = sum(r.seconds for r in runs)
    sentence = f"{len(runs)} notebooks took {total // 60} minutes and {total % 60} seconds in all."
    return sentence + "\n\n" + "\n".join([*head, *rows])


def finished(pages: list[str]) -> Iterator[Run]:
    """The last run of each page; one that was never run to its end is a warning, and the other pages are built."""
    for page in pages:
        try:
            yield last_run(page)
        except ValueError as error:
            logger.warning(str(error))


def told(run: Run) -> tuple[int | str, ...]:
    """The columns of one run, after its chapter."""
    return run.seconds, run.memory, run.seed, run.device, run.versions


class Chapters(SphinxDirective):
    """Writes one of the two tables."""

    required_arguments = 1
    option_spec: ClassVar[dict] = {}

    def run(self) -> list[nodes.Node]:
        """The nodes of the table, headings included."""
        kinds = {"exercises-in-all": count_text, "exercises": exercises_text, "runs": runs_text}
        if self.arguments[0] not in kinds:
            raise self.error(f"a table of chapters is one of {', '.join(kinds)}, got {self.arguments[0]!r}")
        self.env.note_reread()  # Sphinx does not watch the notebooks for this page
        pages = sorted(page for page in self.env.found_docs if page.startswith("notebooks/"))
        address = self.env.app.builder.get_relative_uri
        links = {page: address(self.env.docname, page) for page in pages}
        return self.parse_text_to_nodes(kinds[self.arguments[0]](pages, links), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("chapters", Chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
