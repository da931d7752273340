"""Where the book lives: one address, read from pyproject.toml, overridden by the CI of a fork.

Launch buttons, install cells and badges all need the repository's owner, name and branch. They are written
once, in pyproject.toml. A continuous integration run knows better where it is: GITHUB_SERVER_URL and
GITHUB_REPOSITORY win over the file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Address:
    """A repository and the branch that launch links point to."""

    server: str  # https://github.com
    slug: str  # owner/name
    branch: str

    @property
    def url(self) -> str:
        """The repository's web address."""
        return f"{self.server}/{self.slug}"

    @property
    def pages_url(self) -> str:
        """Where GitHub Pages shows the site of this repository, with a slash at its end."""
        owner, _, name = self.slug.partition("/")
        return f"https://{owner.lower()}.github.io/{name}/"


def declared(root: Path) -> Address:
    """The address written in pyproject.toml.

    Raises:
        ValueError: the address is not of the form https://server/owner/name.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    url = project["project"]["urls"]["Repository"].removesuffix("/")
    parts = url.split("/")
    if len(parts) != 5 or parts[0] not in ("https:", "http:") or not all((parts[2], parts[3], parts[4])):
        raise ValueError(f"[project.urls] Repository must look like https://server/owner/name, got {url!r}")
    branch = project.get("tool", {}).get("book", {}).get("launch-branch", "main")
    return Address("/".join(parts[:3]), "/".join(parts[3:]), branch)


def current(root: Path, environ: Mapping[str, str]) -> Address:
    """The address to publish under: the CI's repository if there is one, else the declared one."""
    written = declared(root)
    return Address(
        environ.get("GITHUB_SERVER_URL", "").rstrip("/") or written.server,
        environ.get("GITHUB_REPOSITORY") or written.slug,
        environ.get("BOOK_LAUNCH_BRANCH") or written.branch,
    )
