"""Things to play with: each widget is a Python class and one ES module of the same name, no build step."""

from helpers.widgets.attention_explorer import AttentionExplorer
from helpers.widgets.chat import Chat
from helpers.widgets.loss_explorer import LossExplorer
from helpers.widgets.memory_explorer import MemoryExplorer
from helpers.widgets.rope_explorer import RopeExplorer
from helpers.widgets.sampling_explorer import SamplingExplorer
from helpers.widgets.tokenizer_explorer import TokenizerExplorer
from helpers.widgets.writer import Writer

__all__ = [
    "AttentionExplorer",
    "Chat",
    "LossExplorer",
    "MemoryExplorer",
    "RopeExplorer",
    "SamplingExplorer",
    "TokenizerExplorer",
    "Writer",
]
