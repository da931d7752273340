"""One notebook as one HTML file that needs nothing else: to mail to a class, to open from a stick, offline.

    python -m tools.single_page notebooks/03_gpt.ipynb [-o gpt.html]

Figures, attention views, widgets and models live as in the book: the book's own scripts and styles stand in the file,
beside plotly.js and the weights of the models in it, where it has any. Formulas are set beforehand by MathJax. The
page forbids itself every request.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from helpers.viz.script_data import escaped
from helpers.widgets.page import STATE, VIEW, script_json, weights_script

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "book" / "_static"
PLOTLY = ROOT / "_vendor" / "site" / "vendor" / "plotly.js"
CHECKPOINTS = ROOT / "src" / "helpers" / "checkpoints"

LABELS = {"theme": "Light or dark", "input": "Show the code", "output": "Show the output"}

# Everything must stand in the page. Widgets are modules made from text, hence blob.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)

LOOK = """
const look = matchMedia("(prefers-color-scheme: dark)");
const setTheme = (isDark) => (document.documentElement.dataset.theme = isDark ? "dark" : "light");
setTheme(look.matches);
look.addEventListener("change", () => setTheme(look.matches));
addEventListener("DOMContentLoaded", () =>
  document.getElementById("theme").addEventListener("click", () =>
    setTheme(document.documentElement.dataset.theme !== "dark")));
"""

FORMULA = re.compile(r'<(span|div) class="math">(.*?)</\1>', re.DOTALL)
HEADING = re.compile(r"(?=<h([1-6])\b)")


class Renderer(IPythonRenderer):
    """Markdown to HTML, each formula marked so that it can be set."""

    def block_html(self, html: str) -> str:
        """HTML as it is: looking for pictures, nbconvert would close a `<details>` that goes on below."""
        return super().block_html(html) if "<img" in html else html

    def inline_math(self, body: str) -> str:
        """A formula in a line."""
        return f'<span class="math">{html.escape(body)}</span>'

    def block_math(self, body: str) -> str:
        """A formula on lines of its own."""
        return f'<div class="math">{html.escape(body)}</div>'

    def latex_environment(self, name: str, body: str) -> str:
        """A formula that brings its environment."""
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


def to_html(folder: Path, source: str) -> str:
    """A Markdown cell as HTML, the pictures of its folder included."""
    renderer = Renderer(escape=False, embed_images=True, exclude_anchor_links=True, path=str(folder))
    return MarkdownWithMath(renderer=renderer).render(source)


class Sections:
    """Prose in nested sections, one for each heading, as in the book: its scripts count questions by section."""

    def __init__(self) -> None:
        self.levels: list[int] = []

    def around(self, prose: str) -> str:
        """The HTML of a cell, a section opened before each heading."""
        return HEADING.sub(lambda found: self.begin(int(found[1])), prose)

    def begin(self, level: int) -> str:
        """The tags between what was and a heading of this level."""
        ended = self.end(level)
        self.levels.append(level)
        return ended + "<section>"

    def end(self, level: int = 1) -> str:
        """The tags that close the open sections of this level and below it."""
        closed = [other for other in self.levels if other >= level]
        del self.levels[len(self.levels) - len(closed) :]
        return "</section>" * len(closed)


def set_formulas(page: str) -> str:
    """The page with every formula as a picture and hidden MathML.

    Raises:
        ValueError: a formula is no TeX, with MathJax's words.
        FileNotFoundError: Node.js is missing.
    """
    found = [(html.unescape(body), tag == "div") for tag, body in FORMULA.findall(page)]
    if not found:
        return page
    node = shutil.which("node")
    if node is None:
        raise FileNotFoundError("Node.js sets the formulas: install it, then run `make book` once")
    command = [node, str(Path(__file__).with_name("formulas.cjs"))]
    done = subprocess.run(command, input=json.dumps(found), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"every formula must be TeX that MathJax can set: {done.stderr.strip()}")
    answer = json.loads(done.stdout)
    pictures = iter(answer["formulas"])
    page = FORMULA.sub(lambda match: f'<{match[1]} class="math">{next(pictures)}</{match[1]}>', page)
    return page.replace("</style>", answer["css"] + "</style>", 1)


def style() -> str:
    """The book's style sheets, and what its theme would give."""
    sheets = [Path(__file__).with_suffix(".css"), *sorted(STATIC.glob("*.css"))]
    code = [
        HtmlFormatter(style=f"a11y-high-contrast-{theme}").get_style_defs(f"html[data-theme={theme}] .highlight")
        for theme in ("light", "dark")
    ]
    return "\n".join([*(sheet.read_text(encoding="utf-8") for sheet in sheets), *code])


def scripts(notebook: NotebookNode) -> list[dict[str, str]]:
    """What runs in the page: libraries and weights only where the notebook needs them."""
    states = notebook.metadata.get("widgets", {}).get(STATE, {"state": {}})
    texts = [{"type": STATE, "text": script_json(states)}]
    if any('class="book-plotly"' in text for text in html_outputs(notebook)):
        texts.append({"text": escaped(PLOTLY.read_text(encoding="utf-8"))})
    for name in checkpoints(states["state"]):
        texts.append({"text": weights_script(name, (CHECKPOINTS / f"{name}.safetensors").read_bytes())})
    return texts + [{"text": escaped(path.read_text(encoding="utf-8"))} for path in sorted(STATIC.glob("*.js"))]


def html_outputs(notebook: NotebookNode) -> list[str]:
    """All outputs that are HTML."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]


def checkpoints(states: dict[str, Any]) -> list[str]:
    """The shipped models that the widgets of a notebook show."""
    return sorted({record["state"].get("checkpoint", "") for record in states.values()} - {""})


def title(notebook: NotebookNode) -> str:
    """The first heading of a notebook, without its markup."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = re.search(r"^# +(.+)$", text, flags=re.MULTILINE)
    return re.sub(r"[*`]", "", heading[1]).strip() if heading else "Notebook"


def single_page(path: Path) -> str:
    """The notebook as HTML."""
    notebook = nbformat.read(path, as_version=4)
    exporter = HTMLExporter(template_file=str(Path(__file__).with_suffix(".html.j2")))
    exporter.register_filter("markdown2html", partial(to_html, path.parent))
    exporter.register_filter("script_json", script_json)
    exporter.environment.globals["sections"] = Sections()
    resources = {
        "labels": LABELS,
        "policy": POLICY,
        "scripts": scripts(notebook),
        "style": style(),
        "look": LOOK,
        "title": title(notebook),
        "view": VIEW,
    }
    page, _ = exporter.from_notebook_node(notebook, resources=resources)
    return set_formulas(page)


def main() -> None:
    """Write the page and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="default: the notebook's name with .html, in _build")
    arguments = parser.parse_args()
    target = arguments.output or ROOT / "_build" / f"{arguments.notebook.stem}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(single_page(arguments.notebook), encoding="utf-8")
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
