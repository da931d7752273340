"""What every notebook of the book promises, whatever its subject."""

import ast
import json
import re
import statistics
from itertools import pairwise
from pathlib import Path

import pytest

from tools.mirrored_cells import cell_source, library_source, mirrored_name, same_syntax

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IMAGES = ("image/png", "image/svg+xml")


@pytest.fixture(params=PATHS, ids=lambda p: p.stem)
def notebook(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def cells(notebook, kind):
    return [c for c in notebook["cells"] if c["cell_type"] == kind]


def sources(notebook, kind):
    return [cell_source(c) for c in cells(notebook, kind)]


def outputs(notebook):
    return [o for c in cells(notebook, "code") for o in c["outputs"]]


def prose_words(notebook):
    text = "\n".join(s for s in sources(notebook, "markdown") if "<details>" not in s)
    return len(re.findall(r"\w+", re.sub(r"<[^>]+>|\$\$.+?\$\$|\$[^$]+\$|\]\([^)]*\)", " ", text, flags=re.S)))


def test_there_is_a_notebook():
    assert PATHS


def test_it_is_committed_executed_from_top_to_bottom_without_an_error(notebook):
    counts = [c["execution_count"] for c in cells(notebook, "code")]
    assert counts == list(range(1, len(counts) + 1))
    assert not [o for o in outputs(notebook) if o["output_type"] == "error"]
    left_behind = [o for o in outputs(notebook) if o.get("name") == "stderr"]
    assert not left_behind, "a warning or a progress bar"


def test_every_image_has_alt_text_that_says_something(notebook):
    images = [(o, m) for o in outputs(notebook) for m in IMAGES if m in o.get("data", {})]
    assert images
    for output, mime in images:
        assert len(output["metadata"][mime]["alt"]) >= 20


def test_mirrored_cells_mean_what_the_library_means(notebook):
    names = [n for s in sources(notebook, "code") if (n := mirrored_name(s))]
    assert len(names) >= 3
    for source in sources(notebook, "code"):
        if name := mirrored_name(source):
            assert same_syntax(source, library_source(name)), f"{name} has drifted: run python -m tools.mirrored_cells"


def test_a_drifted_cell_would_be_seen():
    name = "helpers.attention.masks.causal_mask"
    assert same_syntax(f"# {name}\n" + library_source(name), library_source(name))
    assert not same_syntax(library_source(name).replace("tril", "triu"), library_source(name))


def test_cells_are_short_and_there_is_a_sentence_between_them(notebook):
    lengths = [len([line for line in s.splitlines() if line.strip()]) for s in sources(notebook, "code")]
    assert statistics.median(lengths) < 10
    assert sum(n > 25 for n in lengths) <= 2
    kinds = [c["cell_type"] for c in notebook["cells"]]
    assert sum(a == b == "code" for a, b in pairwise(kinds)) <= 3
    assert 60 <= len(kinds) <= 125


def test_the_prose_explains_and_does_not_ramble(notebook):
    assert 1500 <= prose_words(notebook) <= 5000


def test_order_of_the_contract(notebook):
    first, text = notebook["cells"][0]["cell_type"], "\n".join(sources(notebook, "markdown"))
    assert first == "markdown"
    assert notebook["cells"][0]["source"][0].startswith("# ")
    assert "colab.research.google.com" in text
    order = ["You will be able to", "## Summary", "## Exercises", "## Recall", "## Sources"]
    places = [text.index(mark) for mark in order]
    assert places == sorted(places)
    assert "footer(" in sources(notebook, "code")[-1]


def test_claims_are_asserted(notebook):
    asserting = [s for s in sources(notebook, "code") if re.search(r"^\s*assert |assert_close|check_", s, re.M)]
    assert len(asserting) >= 12


def test_sources_have_their_entry_in_the_bibliography(notebook):
    keys = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), re.M))
    text = "\n".join(sources(notebook, "markdown"))
    text = text[text.index("## Sources") :]
    cited = re.findall(r"`([a-z]+\d{4}\w*)`", text)
    assert len(cited) >= 5
    assert not set(cited) - keys


def test_exercises_have_check_hint_and_solution_and_enough_recall_questions(notebook):
    text = "\n".join(sources(notebook, "markdown"))
    n = len(re.findall(r"^### Exercise", text, re.M))
    assert 4 <= n <= 8
    assert text.count("<summary>Hint") >= n
    assert text.count("<summary>Solution") == n
    recall = text[text.index("## Recall") : text.index("## Sources")]
    assert recall.count("<summary>") >= 5


def test_every_code_cell_is_valid_python_without_shell_lines(notebook):
    for source in sources(notebook, "code"):
        ast.parse(re.sub(r"^(\s*)%pip", r"\1pass  # %pip", source, flags=re.M))


def test_deterministic_outputs_are_compared_when_the_notebook_runs_again(notebook):
    compared = [c for c in cells(notebook, "code") if "nbval-check-output" in c["metadata"].get("tags", [])]
    assert len(compared) >= 8
    assert all(c["outputs"] for c in compared)


def test_it_stays_small_and_names_no_machine(notebook):
    raw = json.dumps(notebook)
    assert len(raw) < 1_500_000
    assert not re.search(r"/(?:work|root|home/\w+)/|/tmp/(?!ipykernel)", raw)


def test_widget_state_is_stored_for_the_static_page(notebook):
    states = notebook["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert any(s["model_module"] == "anywidget" for s in states.values())
