"""Parameter counts of the models that the article names, counted on the meta device: shapes without memory."""

from functools import cache
from typing import NamedTuple

import torch

from helpers.attention import MultiHeadAttention
from helpers.ledger.number import Number
from helpers.models import Decoder, DecoderConfig, build, preset
from helpers.runtime import n_parameters

BINS = {"bert-base": (0, 1e8), "gpt2-xl": (1e8, 1e10), "gpt3-175b": (1e10, 1e11), "llama-2-70b": (1e11, 1e15)}


class Size(NamedTuple):
    """All parameters, and those that work on one token."""

    total: int
    active: int


@cache
def size(name: str) -> Size:
    """How big a preset is."""
    config = preset(name)
    if isinstance(config, DecoderConfig) and config.experts:
        return size_of_repeats(config)
    with torch.device("meta"):
        n = n_parameters(build(config))
    return Size(n, n)


def size_of_repeats(config: DecoderConfig) -> Size:
    """Thousands of experts take long to build, and their blocks repeat: two short models tell what one repeat adds."""
    assert config.experts
    period, short = config.experts.every, config.experts.n_dense_first + config.experts.every
    with torch.device("meta"):
        few, more = (Decoder(config.but(n_layers=n)) for n in (short, short + period))
    repeats = (config.n_layers - short) // period
    pairs = [(few.n_parameters, more.n_parameters), (few.n_active_parameters, more.n_active_parameters)]
    return Size(*(a + repeats * (b - a) for a, b in pairs))


def counted(what: str, name: str, stated: float, tolerance: float) -> Number:
    """A preset's parameters beside the published figure."""
    return Number(what, size(name).total, stated, "parameters", tolerance)


def transformer_2017() -> list[Number]:
    """The paper's two sizes. Its vocabulary is only said to be about 37,000, so the match is rough."""
    return [
        counted("Transformer, base", "transformer-base", 65e6, 2e6),
        counted("Transformer, big", "transformer-big", 213e6, 2e6),
    ]


def attention_is_a_part() -> list[Number]:
    """How many multi-head attentions the Transformer of 2017 holds: not one for each stack."""
    with torch.device("meta"):
        model = build(preset("transformer-base"))
    n = sum(isinstance(part, MultiHeadAttention) for part in model.modules())
    return [Number("multi-head attentions in the Transformer, base", n, 6 + 2 * 6)]


def first_generation() -> list[Number]:
    """BERT-base and GPT-1."""
    return [counted("BERT-base", "bert-base", 110e6, 1e6), *gpt1()]


def gpt1() -> list[Number]:
    """The released checkpoint."""
    return [counted("GPT-1", "gpt1", 117e6, 0.5e6)]


def gpt2_xl() -> list[Number]:
    """The largest GPT-2, as the repository rounds it."""
    return [counted("GPT-2 XL", "gpt2-xl", 1558e6, 0.5e6)]


def gpt2_family() -> list[Number]:
    """The four sizes, as the repository rounds them."""
    stated = {"gpt2": 124e6, "gpt2-medium": 355e6, "gpt2-large": 774e6}
    return [*(counted(name.replace("gpt2", "GPT-2"), name, n, 0.5e6) for name, n in stated.items()), *gpt2_xl()]


def gpt3() -> list[Number]:
    """GPT-2's formula at the sizes of GPT-3's table."""
    return [counted("GPT-3", "gpt3-175b", 175e9, 0.5e9)]


def gpt3_rows() -> list[Number]:
    """Heads times their width, where the paper's table gives another width of the model: 2,048 and 5,140."""
    return [
        Number("GPT-3 XL, 24 heads of 128", 24 * 128, 3072, "components, not 2,048"),
        Number("GPT-3 13B, 40 heads of 128", 40 * 128, 5120, "components, not 5,140"),
    ]


def llama1_family() -> list[Number]:
    """The four sizes of the paper's table 2."""
    stated = {"7b": 6.7e9, "13b": 13.0e9, "33b": 32.5e9, "65b": 65.2e9}
    return [counted(f"LLaMA 1 {name.upper()}", f"llama-1-{name}", n, 0.1e9) for name, n in stated.items()]


def llama2_70b() -> list[Number]:
    """The largest Llama 2; its name rounds upwards."""
    return [counted("Llama 2 70B", "llama-2-70b", 70e9, 1.1e9)]


def llama2_family() -> list[Number]:
    """The three released sizes."""
    small = [counted(f"Llama 2 {n}B", f"llama-2-{n}b", n * 1e9, 0.5e9) for n in (7, 13)]
    return [*small, *llama2_70b()]


def llama3_family() -> list[Number]:
    """Llama 3 to 3.3, as the model cards round them."""
    stated = {"3-8b": 8e9, "3-70b": 70.6e9, "3.1-405b": 405e9, "3.2-1b": 1.23e9, "3.2-3b": 3.21e9}
    return [counted(f"Llama {name.upper()}", f"llama-{name}", n, 0.01 * n) for name, n in stated.items()]


def llama4() -> list[Number]:
    """The text part; the published totals include the part that sees."""
    numbers = []
    for name, total in (("Scout", 109e9), ("Maverick", 400e9)):
        both = size(f"llama-4-{name.lower()}")
        numbers.append(Number(f"Llama 4 {name}, text part", both.total, total, "parameters", 1.5e9))
        numbers.append(Number(f"Llama 4 {name}, active per token", both.active, 17e9, "parameters", 0.5e9))
    return numbers


def generations() -> list[Number]:
    """How many of the four named models whose size is known stand in the bin that the table gives them."""
    inside = [low <= size(name).total < high for name, (low, high) in BINS.items()]
    return [Number("models in their own bin, of four whose size is known", sum(inside), 1)]


def rumour() -> list[Number]:
    """Eight experts of 220 billion, and sixteen of 111: two rumours that round to one number."""
    return [
        Number("8 × 220 billion", 8 * 220e9, 1.8e12, "parameters", 0.05e12),
        Number("16 × 111 billion", 16 * 111e9, 1.8e12, "parameters", 0.05e12),
    ]


def experts() -> list[Number]:
    """All parameters against those that work on one token."""
    stated = {"mixtral-8x7b": (46.7e9, 12.9e9), "deepseek-v3": (671e9, 37e9)}
    numbers = []
    for name, (total, active) in stated.items():
        numbers.append(Number(f"{name}, in all", size(name).total, total, "parameters", 0.002 * total))
        numbers.append(Number(f"{name}, active per token", size(name).active, active, "parameters", 0.02 * active))
    return numbers


def code_llama() -> list[Number]:
    """The four sizes, by their names."""
    sizes = {7: 0.5e9, 13: 0.5e9, 34: 0.5e9, 70: 1.1e9}
    return [counted(f"Code Llama {n}B", f"code-llama-{n}b", n * 1e9, tolerance) for n, tolerance in sizes.items()]


def bloom() -> list[Number]:
    """The one model whose card prints every digit."""
    return [counted("BLOOM", "bloom-176b", 176_247_271_424, 0)]


def chatglm() -> list[Number]:
    """ChatGLM-6B by hand, since our parts cannot build it: 28 blocks with biases, one matrix for input and output."""
    d, n_layers, vocab_size = 4096, 28, 130528
    block = 12 * d**2 + 13 * d  # attention 4 d² + 4 d, feed-forward 8 d² + 5 d, two norms 4 d
    total = vocab_size * d + n_layers * block + 2 * d
    return [Number("ChatGLM-6B", total, 6.2e9, "parameters", 0.05e9)]
