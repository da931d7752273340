"""Whether the notebook is open in Colab, which draws plotly figures in a way of its own."""

import sys


def is_colab() -> bool:
    """True in a notebook on Colab."""
    return "google.colab" in sys.modules
