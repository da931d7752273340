"""One browser for all tests of a process: Playwright may be started only once in it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tools.browser import MISSING, find_browser, launch_arguments

# Milliseconds. What a page does at once on a free machine takes seconds on a busy one.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium that asks nobody for anything on its own."""
    executable = find_browser()
    if executable is None:
        pytest.fail(MISSING, pytrace=False)
    quiet = [
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-default-apps",
        "--no-first-run",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=[*quiet, *launch_arguments()])
        yield started
        started.close()
