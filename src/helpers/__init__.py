"""The package behind the book "From GPT to LLaMA": one idea per file, imports only go down the floors."""

__version__ = "0.1.0"
