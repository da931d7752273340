"""Two models side by side as data: a table of their configurations in which the differences stand out.

Works with any dataclasses; a field that a configuration does not have shows as a dash.
"""

import html
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from IPython.display import display

LABELS = {
    "field": "field",
    "differs": "differs",
    "mark": "≠",
    "absent": "–",
    "same": "The other {n} fields are equal.",
    "equal": "All {n} fields are equal.",
}

CELL = "text-align:left;padding:.3em .9em"


def show_configs(configs: Mapping[str, Any], only_differences: bool = False) -> None:
    """Display configurations in columns, one row per field; a row that differs is marked ≠ and bold."""
    display({"text/html": configs_html(configs, only_differences), "text/plain": configs_text(configs)}, raw=True)


def show_diff(a: Any, b: Any, names: tuple[str, str] = ("a", "b")) -> None:
    """Display only what differs between two configurations; the equal fields unfold below the table."""
    show_configs(dict(zip(names, (a, b), strict=True)), only_differences=True)


def differing_fields(configs: Mapping[str, Any]) -> list[str]:
    """Names of the fields that are not the same in all configurations, in the order of definition."""
    return [name for name in field_names(configs) if len({repr(read(c, name)) for c in configs.values()}) > 1]


def field_names(configs: Mapping[str, Any]) -> list[str]:
    """Every field of any of the configurations, once."""
    for name, config in configs.items():
        if not is_dataclass(config) or isinstance(config, type):
            raise TypeError(f"a configuration must be a dataclass instance, got {type(config).__name__} for {name!r}")
    return list(dict.fromkeys(f.name for config in configs.values() for f in fields(config)))


def read(config: Any, name: str) -> Any:
    """The field's value, or the dash of a configuration that lacks it."""
    return getattr(config, name, LABELS["absent"])


def shown(value: Any) -> str:
    """The value as a reader writes it: 50,257 rather than 50257, and words without quotes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def configs_html(configs: Mapping[str, Any], only_differences: bool) -> str:
    """The table as HTML."""
    different = set(differing_fields(configs))
    names = [name for name in field_names(configs) if name in different or not only_differences]
    head = "".join(f'<th scope="col" style="{CELL}">{html.escape(n)}</th>' for n in (LABELS["field"], *configs))
    rows = "".join(row_html(name, configs, name in different) for name in names)
    note = equal_note([name for name in field_names(configs) if name not in different]) if only_differences else ""
    return (
        '<div class="book-configs" style="overflow-x:auto" tabindex="0" role="region" '
        f'aria-label="{html.escape(" / ".join(configs), quote=True)}">'
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"{note}</div>"
    )


def row_html(name: str, configs: Mapping[str, Any], differs: bool) -> str:
    """One field across the configurations."""
    weight = "font-weight:700" if differs else "font-weight:400"
    mark = f' <span title="{LABELS["differs"]}">{LABELS["mark"]}</span>' if differs else ""
    cells = "".join(
        f'<td style="{CELL};{weight}">{html.escape(shown(read(config, name)))}</td>' for config in configs.values()
    )
    return f'<tr><th scope="row" style="{CELL};{weight}"><code>{html.escape(name)}</code>{mark}</th>{cells}</tr>'


def equal_note(names: list[str]) -> str:
    """The sentence under a table of differences; the names unfold."""
    if not names:
        return ""
    listed = ", ".join(f"<code>{html.escape(name)}</code>" for name in names)
    return f"<details><summary>{LABELS['same'].format(n=len(names))}</summary><p>{listed}</p></details>"


def configs_text(configs: Mapping[str, Any]) -> str:
    """The differences as plain text, for terminals and screen readers."""
    rows = [
        f"{name}: " + ", ".join(f"{label} {shown(read(config, name))}" for label, config in configs.items())
        for name in differing_fields(configs)
    ]
    return "\n".join(rows) or LABELS["equal"].format(n=len(field_names(configs)))
