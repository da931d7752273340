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
    """The module `name` with everything that it imports, directly or not, as one text."""
    parts = [EXPORT.sub("", IMPORT.sub("", source(part))) for part in in_order(name)]
    return "\n".join(parts)


def style(*names: str) -> str:
    """The common style sheet, then those named."""
    return "\n".join(source(name) for name in ("widget.css", *names))


def in_order(name: str) -> list[str]:
    """The modules that `name` needs, each after those that it needs itself, and `name` last."""
    order: list[str] = []
    for needed in IMPORT.findall(source(name)):
        order += [part for part in in_order(needed) if part not in order]
    return [*order, name]


def source(name: str) -> str:
    """The text of one file."""
    return (STATIC / name).read_text(encoding="utf-8")
