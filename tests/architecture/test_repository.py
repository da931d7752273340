"""What is committed is the book's own: no path of a machine, no mirror's address, one address of the repository."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = {
    "",
    ".bib",
    ".cfg",
    ".cff",
    ".css",
    ".html",
    ".ipynb",
    ".js",
    ".json",
    ".md",
    ".py",
    ".svg",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}

# Folders of one machine, editable and local installs, hosts of package indexes.
FOREIGN = re.compile(
    r"""(?<![\w.<~-])(
        /(home|Users|opt|srv|mnt|work|workspace)/\w | /root/ | /tmp/(?!ipykernel_)\w | [A-Z]:\\Users | file:///
      | registry\.npm | npmmirror | files\.pythonhosted | pypi\.org/simple
    )""",
    re.VERBOSE,
)


def tracked() -> list[Path]:
    """Files that git tracks or would add; the whole tree where there is no git."""
    answer = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if answer.returncode:
        pytest.fail("These tests read the list of files from git: run them in a clone of the repository.")
    return [ROOT / line for line in answer.stdout.splitlines() if (ROOT / line).is_file()]


def foreign_lines(text: str) -> list[str]:
    """Lines that would be wrong on another machine."""
    return [line.strip()[:160] for line in text.splitlines() if FOREIGN.search(line)]


def test_no_file_knows_the_machine_it_was_written_on():
    found = {}
    for path in tracked():
        if path.suffix in TEXT and path != Path(__file__).resolve():
            lines = foreign_lines(path.read_text(encoding="utf-8"))
            if lines:
                found[str(path.relative_to(ROOT))] = lines
    assert found == {}


@pytest.mark.parametrize(
    "line",
    ["/home/ada/book/x.py", '"/root/.cache"', "torch @ file:///opt/wheels/torch.whl", "https://registry.npmjs.org/d3"],
)
def test_a_path_of_a_machine_is_noticed(line: str):
    assert foreign_lines(line)


@pytest.mark.parametrize("line", ["src/helpers/root/x.py", "an input/output table", "/vendor/plotly.js"])
def test_an_ordinary_path_is_not(line: str):
    assert not foreign_lines(line)


def test_the_lock_of_the_front_end_holds_no_download_address():
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


def test_every_front_end_package_is_pinned_to_one_version():
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


def requirement_lines(name: str) -> list[str]:
    """The requirements of a file without comments and options."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    stripped = [line.partition("#")[0].strip() for line in lines]
    return [line for line in stripped if line and not line.startswith("-")]


def normal(requirement: str) -> str:
    """The name in a requirement as package indexes compare it."""
    name = re.match(r"[\w.-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_every_python_package_is_pinned_to_one_public_version():
    lines = requirement_lines("requirements.txt") + requirement_lines("constraints.txt")
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+( ?;.*)?", line)] == []


def test_the_two_lists_of_python_packages_agree():
    wanted = {normal(line): line.split("==")[1] for line in requirement_lines("requirements.txt")}
    pinned = {normal(line): line.split("==")[1] for line in requirement_lines("constraints.txt")}
    assert {name: pinned.get(name) for name in wanted} == wanted


def test_what_the_package_needs_is_among_what_the_book_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {normal(line) for line in project["dependencies"]}
    assert wanted <= {normal(line) for line in requirement_lines("requirements.txt")}


@pytest.mark.parametrize("name", ["test", "publish", "weekly"])
def test_a_workflow_has_a_trigger_and_jobs_whose_steps_do_one_thing(name: str):
    workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
    assert workflow[True], "YAML reads the key `on` as true"
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step for step in steps if ("run" in step) == ("uses" in step)] == []
    assert [step["uses"] for step in steps if "uses" in step and not re.search(r"@v\d+$", step["uses"])] == []
    assert all("timeout-minutes" in job or "needs" in job for job in workflow["jobs"].values())


def test_the_continuous_integration_runs_what_a_reader_runs():
    steps = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))["jobs"]["test"]["steps"]
    assert steps[-1] == {"run": ".ci/run"}
    assert (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()[-1] == "make test"
