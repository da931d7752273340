"""What training data add up to."""

from helpers.ledger.number import Number

# GPT-3, Brown et al. 2020, Table 2.2: tokens in billions, share of the mixture in percent, epochs at 300 billion tokens
GPT3 = {
    "Common Crawl": (410, 60, 0.44), "WebText2": (19, 22, 2.9), "Books1": (12, 8, 1.9), "Books2": (55, 8, 0.43),
    "Wikipedia": (3, 3, 3.4),
}  # fmt: skip
# LLaMA 1, Touvron et al. 2023, Table 1: percent
LLAMA1 = {
    "CCNet": 67, "C4": 15, "GitHub": 4.5, "Wikipedia": 4.5, "Books": 4.5, "ArXiv": 2.5, "Stack Exchange": 2,
}  # fmt: skip


def gpt3() -> list[Number]:
    """The five sources, what was drawn from them, and the shares, which are rounded to whole percents."""
    tokens = sum(n for n, _, _ in GPT3.values())
    drawn = sum(n * epochs for n, _, epochs in GPT3.values())
    return [
        Number("tokens in the five sources", tokens, 499, "billion"),
        Number("tokens times epochs", drawn, 300, "billion", 10),
        Number("shares of the mixture as printed", sum(share for _, share, _ in GPT3.values()), 101, "%"),
    ]


def llama1() -> list[Number]:
    """The seven sources."""
    return [Number("shares of LLaMA 1's seven sources", sum(LLAMA1.values()), 100, "%")]


def bookcorpus() -> list[Number]:
    """The bytes of the copy that circulates over its words: plain text, so the size is the uncompressed one."""
    n_bytes, n_words = 4_853_859_824, 984_846_357
    return [
        Number("BookCorpus, plain text", n_bytes / 1e9, 4.85, "GB", 0.005),
        Number("bytes per word", n_bytes / n_words, 4.93, "bytes", 0.005),
    ]
