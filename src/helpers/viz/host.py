"""Which program shows the output: what needs a script has to reach it differently in each."""

import sys
from typing import Literal


def host() -> Literal["colab", "vscode", "jupyter"]:
    """Where the notebook is open; "jupyter" also stands for nbconvert and the built book."""
    if "google.colab" in sys.modules:
        return "colab"
    main = sys.modules.get("__main__")
    if hasattr(main, "__vsc_ipynb_file__"):
        return "vscode"
    return "jupyter"
