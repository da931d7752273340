"""A loss says something only beside others: runs by seed, chance and counting as levels, and the exact floor.

A loss of −ln p nats a token is −log₂ p bits, and as a perplexity it is the number of equally likely tokens among which
one would waver as much. What the floor takes away is no fault of a model: it is the entropy of the text.

Source: Shannon 1948, "A Mathematical Theory of Communication", section 6 (entropy);
Jelinek et al. 1977, "Perplexity: a measure of the difficulty of speech recognition tasks".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets

from helpers import records
from helpers.viz.style import COLORS
from helpers.widgets.bundle import module, style

LABELS = {
    "name": "Loss explorer",
    "chart": "Loss against training step. {finding}",
    "runs": "Runs in the picture",
    "run": "Read off",
    "unit": "Unit",
    "unit_nats": "nats a token",
    "unit_bits": "bits a token",
    "unit_perplexity": "perplexity",
    "unit_gap": "nats above the floor",
    "axis_nats": "nats a token",
    "axis_bits": "bits a token",
    "axis_perplexity": "perplexity (logarithmic)",
    "axis_gap": "nats a token above the floor (logarithmic)",
    "smoothing": "Smoothing",
    "off": "off",
    "is_log": "logarithmic steps",
    "step": "training step",
    "at_step": "step {step}: {value}",
    "status": "{reading}: {list}.",
    "status_alone": "{reading}.",
    "and": ", ",
    "say_nats": "At step {step}, {run} costs {value} nats a token",
    "say_bits": "At step {step}, {run} costs {value} bits a token",
    "say_perplexity": "At step {step}, {run} wavers as if among {value} equally likely tokens",
    "say_gap": "At step {step}, {run} costs {value} nats a token more than the best possible predictor",
    "say_lucky": "At step {step}, {run} costs {value} nats a token less than any predictor does in the long run",
    "seed": "seed {seed}",
    "mark_uniform": "uniform",
    "mark_unigram": "unigram",
    "mark_bigram": "bigram",
    "mark_trigram": "trigram",
    "mark_floor": "floor",
    "level_value": "{level} {value}",
    "level_uniform": "uniform guessing",
    "level_unigram": "the unigram",
    "level_bigram": "the bigram",
    "level_trigram": "the trigram",
    "past": "past {level} ({value})",
    "not_past": "not yet past {level} ({value})",
    "above_floor": "{gap} above the floor ({value})",
    "times_floor": "{gap} times the floor ({value})",
    "below_floor": "{gap} below the floor ({value}), by luck",
    "inside": "That is inside the range of the recorded runs, {low} to {high}.",
    "lower": "That is {gap} below the range of the recorded runs, {low} to {high}.",
    "higher": "That is {gap} above the range of the recorded runs, {low} to {high}.",
    "other": "There, {run} is at {value}.",
    "passed": "Rings: {run} first falls below {list}.",
    "passed_at": "{level} at step {step}",
    "averaged": "Each point is the mean of the last {n} steps. It looks back only, so a falling curve comes late.",
    "luck": "The floor is exact: a run dips below it only by the luck of its batches.",
    "table": "The numbers as a table, in {unit}",
    "first_below": "first step below {level}",
    "or_before": "≤ {step}",
    "none": "–",
}

UNITS = ("nats", "bits", "perplexity", "gap")
RUN_COLORS = (COLORS["run"], COLORS["validation"], COLORS["uniform"])

Curve = tuple[Any, Any]  # steps, losses in nats a token


class LossExplorer(anywidget.AnyWidget):
    """Curves with a cursor: every run against the levels and the floor, in a unit of choice, smoothed or not.

    `runs` are name -> (steps, losses in nats a token) and drawn boldly; `recorded` are the same, drawn thinly. `levels`
    are name -> nats a token; the one called "floor" is the entropy of the text. `smoothing` counts steps: each point
    becomes the mean of those in as many steps up to it. `run` is the one that the sentence reads off at `step`, and
    `value` what it reads, in `unit`: the view writes it, so it is None until the widget is shown.
    """

    _esm = module("loss_explorer.js")
    _css = style("loss_explorer.css")

    # Lists, because notebooks sort the keys of a dict when they are saved.
    runs = traitlets.List(traitlets.Dict()).tag(sync=True)
    levels = traitlets.List(traitlets.Dict()).tag(sync=True)
    shown = traitlets.List(traitlets.Unicode()).tag(sync=True)
    run = traitlets.Unicode().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    unit = traitlets.Unicode("nats").tag(sync=True)
    smoothing = traitlets.Int(1).tag(sync=True)
    is_log = traitlets.Bool(False).tag(sync=True)
    value = traitlets.Float(None, allow_none=True).tag(sync=True)
    labels = traitlets.Dict(LABELS).tag(sync=True)

    def __init__(
        self,
        runs: Mapping[str, Curve],
        levels: Mapping[str, float],
        *,
        recorded: Mapping[str, Curve] | None = None,
        **settings: Any,
    ) -> None:
        drawn = all_runs(runs, recorded or {})
        names = settings.get("shown") or [run["name"] for run in drawn]
        steps = next((run["steps"] for run in drawn if run["name"] == names[0]), [0])
        first = {"shown": names, "run": names[0], "step": steps[len(steps) // 2]}
        super().__init__(runs=drawn, levels=all_levels(levels), **{**first, **settings})

    @classmethod
    def from_record(
        cls,
        name: str,
        levels: Mapping[str, float] | None = None,
        runs: Mapping[str, Curve] | None = None,
        **settings: Any,
    ) -> "LossExplorer":
        """The recorded seeds of an experiment, with `runs` of one's own among them; the record's levels, or others."""
        record = records.load(name)
        values = record["values"]
        pairs = zip(record["seeds"], values["losses"], strict=True)
        pattern = settings.get("labels", LABELS)["seed"]
        recorded = {pattern.format(seed=seed): (values["steps"], losses) for seed, losses in pairs}
        return cls(runs or {}, levels or values["levels"], recorded=recorded, **settings)

    @traitlets.validate("unit")
    def _unit_is_known(self, proposal: Any) -> str:
        unit = proposal["value"]
        if unit not in UNITS:
            raise traitlets.TraitError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}")
        if unit == "gap" and "floor" not in [level["name"] for level in self.levels]:
            raise traitlets.TraitError('unit "gap" is the distance to the floor: give a level called "floor"')
        return unit

    @traitlets.validate("smoothing")
    def _smoothing_counts_steps(self, proposal: Any) -> int:
        if proposal["value"] < 1:
            raise traitlets.TraitError(f"smoothing must be 1 (off) or a number of steps, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("step")
    def _step_is_a_place(self, proposal: Any) -> float:
        if not 0 <= proposal["value"] < np.inf:
            raise traitlets.TraitError(f"step must be 0 or more, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("run")
    def _run_is_known(self, proposal: Any) -> str:
        self._require_names([proposal["value"]])
        return proposal["value"]

    @traitlets.validate("shown")
    def _shown_are_known(self, proposal: Any) -> list[str]:
        self._require_names(proposal["value"])
        return proposal["value"]

    def _require_names(self, asked: Sequence[str]) -> None:
        """Every name belongs to a run."""
        names = [run["name"] for run in self.runs]
        unknown = [name for name in asked if name not in names]
        if unknown:
            raise traitlets.TraitError(f"no run is called {unknown[0]!r}; there are: {', '.join(names)}")


def all_runs(runs: Mapping[str, Curve], recorded: Mapping[str, Curve]) -> list[dict[str, Any]]:
    """What the page needs of every curve: one's own first, each in a colour of its own."""
    both = runs.keys() & recorded.keys()
    if both:
        raise ValueError(f"each run needs a name of its own, got {sorted(both)} among runs and among recorded")
    if not runs and not recorded:
        raise ValueError("there is no run to draw: give runs={name: (steps, losses)}, or a record with its seeds")
    own = [
        curve(name, pair, is_recorded=False, color=RUN_COLORS[i % len(RUN_COLORS)])
        for i, (name, pair) in enumerate(runs.items())
    ]
    return own + [curve(name, pair, is_recorded=True, color=COLORS["recorded"]) for name, pair in recorded.items()]


def curve(name: str, pair: Curve, **kind: Any) -> dict[str, Any]:
    """One run, checked; four decimals are enough for the eye and keep the page small."""
    steps, losses = (numbers(part, f"run {name!r}") for part in pair)
    require_steps(steps, losses, f"run {name!r}")
    return {"name": name, "steps": plain(steps), "losses": losses.round(4).tolist(), **kind}


def all_levels(levels: Mapping[str, float]) -> list[dict[str, Any]]:
    """Levels in nats a token; one named like a role of the palette takes its colour."""
    for name, nats in levels.items():
        if not 0 <= float(nats) < np.inf:
            raise ValueError(f"a level is a loss in nats a token, 0 or more; got {nats} for {name!r}")
    color = COLORS["uniform"]
    return [{"name": k, "nats": round(float(v), 5), "color": COLORS.get(k, color)} for k, v in levels.items()]


def numbers(values: Any, whose: str) -> np.ndarray:
    """A list, an array or a tensor as finite numbers."""
    array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=float)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{whose} needs (steps, losses) as lists of finite numbers, got shape {array.shape}")
    return array


def require_steps(steps: np.ndarray, losses: np.ndarray, whose: str) -> None:
    """Steps rise, and each has a loss, which is not negative."""
    if steps.shape != losses.shape:
        raise ValueError(f"{whose}: each step needs one loss, got {len(steps)} steps and {len(losses)} losses")
    if steps[0] < 0 or (np.diff(steps) <= 0).any():
        raise ValueError(f"{whose}: steps must be 0 or more and rise from one to the next")
    if losses.min() < 0:
        raise ValueError(f"{whose}: a loss in nats a token is never negative, got {losses.min():.4g}")


def plain(steps: np.ndarray) -> list[int | float]:
    """Steps as whole numbers where they are."""
    return [int(step) if step == int(step) else step for step in steps.tolist()]
