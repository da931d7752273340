"""Point the launch buttons, the live code and the repository links at the repository that builds the book."""

import os
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from tools.address import current

ROOT = Path(__file__).resolve().parents[2]


def set_address(app: Sphinx, config: Config) -> None:
    """The theme's repository options, from pyproject.toml or the environment of the CI."""
    address = current(ROOT, os.environ)
    config.html_theme_options.update(
        repository_url=address.url,
        repository_branch=address.branch,
        use_repository_button=True,
        use_issues_button=True,
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Set the address before the theme reads its options."""
    app.connect("config-inited", set_address, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
