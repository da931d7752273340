"""Rewrite the repository's address in a copy of the tree, so that a fork's notebooks install and launch the fork.

    GITHUB_REPOSITORY=someone/fork python -m tools.stamp_repository TREE --branch launch

The publishing workflow builds the site from such a stamped tree and pushes the tree to the branch that the
launch buttons open. Nobody edits a file.
"""

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tools.address import Address, current, declared

# What holds launch links, install cells or the address itself.
STAMPED = (
    "pyproject.toml",
    "README.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "book/**/*.md",
    "notebooks/**/*.ipynb",
)


def rewrite(text: str, old: Address, new: Address) -> str:
    """The text with every link to the old repository and its launch branch turned to the new one."""
    slug, branch = re.escape(old.slug), re.escape(old.branch)
    end = r"(?![\w.-])"
    text = re.sub(rf"(?<=/github/){slug}/(blob|tree)/{branch}{end}", rf"{new.slug}/\1/{new.branch}", text)
    text = re.sub(rf"(?<=/v2/gh/){slug}/{branch}{end}", f"{new.slug}/{new.branch}", text)
    text = re.sub(rf"{re.escape(old.url)}@{branch}{end}", f"{new.url}@{new.branch}", text)
    text = re.sub(rf"{re.escape(old.url)}(?![\w-])", new.url, text)
    text = text.replace(nbgitpuller(old), nbgitpuller(new))
    return re.sub(rf'^(launch-branch = )"{branch}"', rf'\1"{new.branch}"', text, flags=re.MULTILINE)


def nbgitpuller(address: Address) -> str:
    """The part of a link for a JupyterHub that says what to fetch and where it will lie."""
    folder = address.slug.split("/")[-1]
    return f"repo={quote(address.url, safe='')}&branch={address.branch}&urlpath=lab%2Ftree%2F{folder}%2F"


def stamped_files(tree: Path) -> Iterator[Path]:
    """The files of a tree that may hold the address."""
    for pattern in STAMPED:
        yield from (path for path in sorted(tree.glob(pattern)) if ".ipynb_checkpoints" not in path.parts)


def stamp(tree: Path, new: Address) -> list[Path]:
    """Rewrite the tree in place; the files that changed."""
    old = declared(tree)
    changed = []
    for path in stamped_files(tree):
        before = path.read_text(encoding="utf-8")
        after = rewrite(before, old, new)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def main() -> None:
    """Stamp the tree named on the command line with the address of this CI run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--branch", help="the branch that launch links open (default: as declared)")
    arguments = parser.parse_args()
    environ = dict(os.environ)
    if arguments.branch:
        environ["BOOK_LAUNCH_BRANCH"] = arguments.branch
    address = current(arguments.tree, environ)
    changed = stamp(arguments.tree, address)
    print(f"{len(changed)} files now name {address.url}, branch {address.branch}")


if __name__ == "__main__":
    main()
