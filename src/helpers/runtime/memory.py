"""How much memory this process has held at most."""

import sys


def peak_memory_bytes() -> int | None:
    """The most memory that this process has held at one time; None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # the trap: macOS counts bytes, Linux kibibytes
