"""Ask the widgets' JavaScript under Node.js."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from helpers.widgets.bundle import STATIC


def run_module(program: str, *given: Any) -> Any:
    """What a module prints as JSON. `{static}` in it is the address of the widgets' files; `given`, its arguments."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("Node.js is needed to run the widgets' JavaScript: see `make book`", pytrace=False)
    program = program.replace("{static}", STATIC.as_uri())
    command = [node, "--experimental-default-type=module", "--input-type=module", "-e", program, "--"]
    done = subprocess.run([*command, *map(json.dumps, given)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ask(module: str, *questions: list) -> list[Any]:
    """The answers of a module's functions; a question is a name and what the function is given."""
    program = f"""
        import * as asked from "{{static}}/{module}";
        const questions = JSON.parse(process.argv[1]);
        console.log(JSON.stringify(questions.map(([name, ...given]) => asked[name](...given))));
    """
    return run_module(program, questions)
