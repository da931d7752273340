"""Lines with a list: each entry draws the same axes for another setting, so a reader turns a knob without a kernel.

Built from lines and a drop-down list, which the book's page turns into a real list that a keyboard reaches.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from helpers.viz.interactive import base_layout, line, menu_above
from helpers.viz.style import CYCLE

DASHES = ("solid", "dash", "dot")


def choices_figure(
    x: Sequence[float],
    choices: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    menu: str,
    x_label: str,
    y_label: str,
    titles: Mapping[str, str] | None = None,
    first: str | None = None,
    height: int = 420,
) -> Any:
    """A figure whose list named `menu` picks one of `choices`; every choice has lines of the same names over `x`.

    `titles` are the findings to print above each choice; without them the choice's name stands there.
    """
    import plotly.graph_objects as go

    names = list(next(iter(choices.values())))
    if odd := [choice for choice, lines in choices.items() if list(lines) != names]:
        raise ValueError(f"every choice needs lines called {names}, got others for {odd[0]!r}")
    title = {choice: (titles or {}).get(choice, choice) for choice in choices}
    first = first or next(iter(choices))
    traces = [
        line(x, choices[first][name], name, CYCLE[i % len(CYCLE)], DASHES[i % len(DASHES)])
        for i, name in enumerate(names)
    ]
    buttons = [
        {"label": choice, "method": "update", "args": [{"y": heights(lines)}, {"title.text": title[choice]}]}
        for choice, lines in choices.items()
    ]
    layout = base_layout(title[first], x_label, y_label, height)
    layout["updatemenus"] = [menu_above(buttons, menu, active=list(choices).index(first))]
    figure = go.Figure(traces, layout)
    figure.update_layout(hovermode="x unified", legend={"orientation": "h", "y": -0.25})
    return figure


def heights(lines: Mapping[str, Sequence[float]]) -> list[list[float]]:
    """The lines' values, rounded, so that the page stays small."""
    return [[round(float(value), 4) for value in values] for values in lines.values()]
