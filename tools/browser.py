"""Find a Chromium for the tests of the built pages, or get one.

    python -m tools.browser             # print where it is
    python -m tools.browser --install   # install it where it is missing

Order: the CHROME variable, Chromium or Chrome on the search path, Playwright's own download. A headless shell, which is
Chromium without its windows, comes first: it opens and draws a page in about three quarters of the time.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = (*SHELLS, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APT = ["apt-get", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"]  # seconds: no network, no long wait
MISSING = (
    "No Chromium was found for the tests of the built pages: run `make browser` (Debian's package as root, "
    "Playwright's download elsewhere), or set CHROME to the path of a Chromium or Chrome."
)


def launch_arguments() -> list[str]:
    """What Chromium must be told to start: it refuses to run as root inside its sandbox."""
    return ["--no-sandbox"] if is_root() else []


def is_root() -> bool:
    """Whether this process may do everything; never on Windows."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def playwright_chromium() -> Path:
    """Where Playwright's own download lies, or would lie."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def find_browser() -> str | None:
    """The path of a Chromium that can be started, or None.

    Raises:
        FileNotFoundError: CHROME is set and names no file.
    """
    named = os.environ.get("CHROME")
    if named:
        if not shutil.which(named):
            raise FileNotFoundError(f"CHROME must name a Chromium or Chrome that can be run, got {named!r}")
        return shutil.which(named)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    own = playwright_chromium()
    return str(own) if own.is_file() else None


def install_commands(is_root: bool, path: str | None = None) -> list[list[str]]:
    """Commands, of which the first that works brings a Chromium: Debian's packages for root, a download for others."""
    if is_root and shutil.which("apt-get", path=path):
        return [[*APT, "install", "-y", "--no-install-recommends", package] for package in (SHELLS[0], "chromium")]
    return [[sys.executable, "-m", "playwright", "install", "chromium"]]


def install(found: str | None) -> None:
    """Get a browser where there is none, and on Debian a headless shell where `found` is one with windows."""
    commands = install_commands(is_root=is_root())
    is_debian = commands[0][0] == APT[0]
    if found and (os.environ.get("CHROME") or Path(found).name in SHELLS or not is_debian):
        return
    if is_debian:
        subprocess.run([*APT, "update"])
    for command in commands[:1] if found else commands:
        print("+", *command, flush=True)
        if subprocess.run(command).returncode == 0:
            break


def main() -> int:
    """Print the browser's path; with --install get the best one first."""
    if "--install" in sys.argv[1:]:
        install(find_browser())
    found = find_browser()
    print(found or f"\n{MISSING}\n", file=sys.stdout if found else sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
