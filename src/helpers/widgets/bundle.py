"""One ES module out of several: a widget reaches its host as a single text, in which relative imports lead nowhere.

The files in `static/` are plain modules that import each other by name, and Node.js runs them as they are. Here the
text of each is put before the one that needs it. They then share one scope, so no two may define the same name.
"""

import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"

IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(async )?(function|const|class)\b)", re.MULTILINE)


def module(name: str) -> str:
    """The widget's module `name` with everything that it imports, directly or not, as one text."""
    return EXPORT.sub("", library(name))


def library(*names: str) -> str:
    """The modules `names` with everything that they import, as one module that exports what each of them does."""
    return "\n".join(IMPORT.sub("", source(part)) for part in in_order(*names))


def style(*names: str) -> str:
    """The common style sheet, then those named."""
    return "\n".join(source(name) for name in ("widget.css", *names))


def in_order(*names: str) -> list[str]:
    """The modules `names` and those that they need, each once and after those that it needs itself."""
    order: list[str] = []
    for name in names:
        parts = [*in_order(*IMPORT.findall(source(name))), name]
        order += [part for part in parts if part not in order]
    return order


def source(name: str) -> str:
    """The text of one file."""
    return (STATIC / name).read_text(encoding="utf-8")
