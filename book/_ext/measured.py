"""What the experiments recorded, as tables and a figure on a page that is prose.

    ```{measured} pretraining
    ```

The words after it name one of VIEWS. Every value is a mean over seeds with its standard error.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Row = Sequence[str]


def markdown_table(head: Row, rows: Iterable[Row]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def over_seeds(runs: Mapping[str, Any], value: Callable[[Any], float], digits: int = 2) -> str:
    """The mean of a value over the seeds of one kind of run, and its standard error."""
    from helpers.evaluation import mean_with_error

    mean = mean_with_error([value(run) for run in runs.values()])
    return f"{mean.value:.{digits}f} ± {mean.error:.{digits}f}"


# --- views ----------------------------------------------------------------------------------------------------

SHIPPED = {
    "gpt-tales": "a small GPT (chapter 3)", "llama-tales": "a small LLaMA", "base-tales": "English and Chinese tales",
    "chat-tales": "follows instructions", "ppo-tales": "tuned to a reward model by PPO",
}  # fmt: skip


def shipped(_: Mapping[str, Any]) -> str:
    """The models that come with the package, and what each begins from."""
    from helpers import checkpoints

    rows = []
    for name, what in SHIPPED.items():
        about, (model, _) = checkpoints.about(name), checkpoints.load(name)
        parameters = f"{sum(p.numel() for p in model.parameters()):,}"
        gap = f"{about['gap']:.1f}" if "gap" in about else "see below"
        rows.append([f"`{name}`", what, about.get("start", "nothing"), f"{about['n_steps']:,}", parameters, gap])
    return markdown_table(["name", "what it is", "begins from", "steps", "parameters", "gap"], rows)


def pretraining(values: Mapping[str, Any]) -> str:
    """How near the floor each budget comes."""
    from helpers.training.recipes import BUDGETS

    rows = []
    for minutes, recipe in BUDGETS.items():
        runs = values[str(minutes)]
        rows.append([f"`base-{minutes}min`", f"{recipe.n_steps:,}", over_seeds(runs, lambda run: run["gap"], 3)])
    return markdown_table(["preset", "steps", "nats a word above the floor"], rows)


KINDS = {
    "answer": "answer a question", "refuse": "say that the story does not say", "rewrite": "say it with another name",
    "continue": "the next sentence", "chinese": "in Chinese", "finish": "the rest of the story, every word possible",
}  # fmt: skip
WAYS = {
    "full": "all weights", "full_replay": "all weights, tales told again", "lora_16": "LoRA, rank 16",
    "lora_1": "LoRA, rank 1",
}  # fmt: skip


def instructions(values: Mapping[str, Any]) -> str:
    """Right answers before and after, what learned, and what was forgotten, for each way to tune."""
    head = ["way", "weights that learn", "right (%)", "other words (%)", "English tales", "Chinese tales"]
    before = values["before"]
    first = ["before", "", percent(before["right"]["short"]), percent(before["new_phrasings"]["short"])]
    rows = [[*first, *(f"{before['gap'][language][0]:.1f}" for language in ("en", "zh"))]]
    for way, name in WAYS.items():
        runs = values[way]
        parameters = {f"{run['parameters']:,}" for run in runs.values()}
        right = [
            over_seeds(runs, lambda run, split=split: 100 * run[split]["short"][0], 1)
            for split in ("right", "new_phrasings")
        ]
        gaps = [over_seeds(runs, lambda run, x=language: run["gap"][x][0], 1) for language in ("en", "zh")]
        rows.append([name, *parameters, *right, *gaps])
    return markdown_table(head, rows)


def percent(mean: Sequence[float]) -> str:
    """A share and its standard error, in percent."""
    return f"{100 * mean[0]:.1f} ± {100 * mean[1]:.1f}"


def shipped_chat(_: Mapping[str, Any]) -> str:
    """What the shipped chat model answers right, kind by kind."""
    from helpers import checkpoints

    right = checkpoints.about("chat-tales")["exact_match"]
    return markdown_table(["kind", "right (%)"], [[name, percent(right[kind])] for kind, name in KINDS.items()])


def reward_model(values: Mapping[str, Any]) -> str:
    """Accuracy on unseen pairs against what the labeler's noise allows."""
    groups: dict[tuple[float, int], dict[str, Any]] = {}
    for run in values["stories"]:
        groups.setdefault((run["temperature"], run["n"]), {})[str(run["seed"])] = run
    rows = [
        [
            f"{temperature}", f"{n:,}",
            *(over_seeds(runs, lambda run, key=key: 100 * run[key][0], 1) for key in ("best", "expected_accuracy")),
            over_seeds(runs, lambda run: 100 * run["gap"][0], 1),
        ]
        for (temperature, n), runs in sorted(groups.items())
    ]  # fmt: skip
    return markdown_table(["noise", "comparisons", "best possible (%)", "reward model (%)", "points below"], rows)


METHODS = {
    "none": "no update", "ppo": "PPO", "grpo": "GRPO", "dpo": "DPO", "rejection": "rejection sampling",
    "rounds": "DPO, three rounds", "random": "a random update as long as PPO's",
    "shuffled ppo": "PPO, coin-flip labels", "shuffled dpo": "DPO, coin-flip labels",
}  # fmt: skip


def preferences(values: Mapping[str, Any]) -> str:
    """What each method makes of the reward, true and modelled, and what it costs."""
    head = ["method", "true reward", "score", "KL (nats)", "words", "overlap", "consistent (%)"]
    keys = {"true": 2, "score": 2, "kl": 1, "words": 0, "overlap": 2}
    rows = []
    for method, name in METHODS.items():
        runs = values["runs"][method]
        means = [over_seeds(runs, lambda run, key=key: run["end"][key][0], digits) for key, digits in keys.items()]
        rows.append([name, *means, over_seeds(runs, lambda run: 100 * run["end"]["consistent"][0], 0)])
    return markdown_table(head, rows)


def over_optimization(values: Mapping[str, Any]) -> str:
    """The figure: score and truth over the distance from the start, without a price on KL."""
    import numpy as np

    from helpers.viz import plot_over_optimization
    from helpers.viz.show import to_svg

    runs = [
        np.array([[point[name][0] for name in ("kl", "score", "true")] for point in run["curve"]])
        for run in values["runs"]["few"].values()
    ]
    limit = np.array([[point["kl"][0], point["true"][0]] for point in values["limit"]])
    alt = (
        "Three runs of PPO without a price on KL, over the distance from the start. Above, the reward model's score "
        "rises. Below, the true reward rises at first, and then falls, far below what a policy could have there."
    )
    figure = to_svg(plot_over_optimization(runs, limit), alt)
    return f'<figure class="measured">{figure}<figcaption>{turning_point(runs)}</figcaption></figure>'


def turning_point(runs: Sequence[Any]) -> str:
    """Where the mean true reward is highest, and where it ends, in a sentence; a run's columns are KL, score, truth."""
    kl, _, true = (sum(runs) / len(runs)).T
    best = true.argmax()
    return (
        f"On average the true reward rises from {true[0]:.2f} to {true[best]:.2f}, at a distance of {kl[best]:.0f} "
        f"nats; at {kl[-1]:.0f} nats it is down to {true[-1]:.2f}."
    )


VIEWS: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "shipped": ("instruction_tuning", shipped),
    "pretraining": ("pretraining", pretraining),
    "instructions": ("instruction_tuning", instructions),
    "shipped_chat": ("instruction_tuning", shipped_chat),
    "reward_model": ("reward_model", reward_model),
    "preferences": ("preference_tuning", preferences),
    "over_optimization": ("over_optimization", over_optimization),
}


class Measured(SphinxDirective):
    """Makes one view of one record while the book is built."""

    required_arguments = 1
    option_spec: ClassVar[dict] = {}

    def run(self) -> list[nodes.Node]:
        """The view's nodes: a figure as it is, a table as Markdown."""
        from helpers import records

        name = self.arguments[0]
        if name not in VIEWS:
            raise self.error(f"what was measured is one of {', '.join(VIEWS)}, got {name!r}")
        record, view = VIEWS[name]
        text = view(records.load(record)["values"])
        return [nodes.raw("", text, format="html")] if text.startswith("<") else self.parse_text_to_nodes(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("measured", Measured)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
