"""Things to play with: each widget is a Python class and one ES module of the same name, no build step."""

from helpers.widgets.sampling_explorer import SamplingExplorer
from helpers.widgets.writer import Writer

__all__ = ["SamplingExplorer", "Writer"]
