"""Running a program that nobody has read: in a process of its own, with limits on time, memory and files.

The limits keep a program from holding the machine: an endless loop is stopped, a list without end finds no memory, and
no file can grow. They do not keep it from reading files or from the network. For code from strangers take a container
or a virtual machine around this.

Convention: limits are those of POSIX (`resource`). Windows has none of them; there only the clock stops a program.
Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", arXiv:2107.03374, section 2.3.
"""

import subprocess
import sys
import tempfile
from typing import NamedTuple

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


class Run(NamedTuple):
    """What a program wrote, what went wrong in one line (empty if nothing did), and whether the clock ran out."""

    output: str
    error: str
    timed_out: bool


def run_limited(program: str, *, seconds: float = 2.0, memory_mb: int = 256) -> Run:
    """Run Python in a fresh interpreter, without environment, packages or input, in a folder that does not last."""

    def limit() -> None:
        cpu, memory = int(seconds) + 1, memory_mb * 2**20
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        if sys.platform != "darwin":  # macOS refuses this one
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # bytes a file may grow to
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))

    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", program], cwd=folder, env={}, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=seconds, preexec_fn=limit if resource else None,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Run("", f"stopped after {seconds:g} s", True)
    last = done.stderr.strip().splitlines()[-1:] or ([f"ended with {done.returncode}"] if done.returncode else [])
    return Run(done.stdout, "".join(last), False)
