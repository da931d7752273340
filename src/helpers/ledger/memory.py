"""What keys, values and weights occupy."""

import torch

from helpers.attention import KVCache, LayerCache
from helpers.ledger.number import Number
from helpers.ledger.parameters import size
from helpers.models import DecoderConfig, preset

GIB = 2**30
GIGABYTE = 1e9


def decoder(name: str) -> DecoderConfig:
    """A preset that must be a decoder's."""
    config = preset(name)
    assert isinstance(config, DecoderConfig), name
    return config


def cache_bytes(config: DecoderConfig, length: int) -> int:
    """Bytes of a full cache in 16 bits, as the cache itself counts them."""
    shape = (1, config.n_kv_heads, length, config.d_head)
    layers = [LayerCache(*shape, device="meta", dtype=torch.bfloat16) for _ in range(config.n_layers)]
    for layer in layers:
        layer.length = length
    return KVCache(layers).n_bytes


def kv_cache() -> list[Number]:
    """With the model's groups, and as if every query had keys of its own."""
    stated = {"llama-2-70b": (4096, 1.25, 10), "llama-3.1-8b": (131072, 16, 64), "llama-3.1-405b": (131072, 63, 1008)}
    numbers = []
    for name, (length, grouped, full) in stated.items():
        config = decoder(name)
        what, every = f"{name} at {length:,} tokens", config.but(n_kv_heads=config.n_heads)
        numbers.append(Number(what, cache_bytes(config, length) / GIB, grouped, "GiB"))
        numbers.append(Number(f"{what}, without groups", cache_bytes(every, length) / GIB, full, "GiB"))
    return numbers


def kv_heads_of_llama() -> list[Number]:
    """How many models of each generation share keys and values."""
    generations = {"LLaMA 1": ["1-7b", "1-13b", "1-33b", "1-65b"], "Llama 2": ["2-7b", "2-13b", "2-70b"],
        "Llama 3": ["3-8b", "3-70b", "3.1-405b", "3.2-1b", "3.2-3b"]}  # fmt: skip
    stated = {"LLaMA 1": 0, "Llama 2": 1, "Llama 3": 5}
    numbers = []
    for generation, names in generations.items():
        configs = [decoder(f"llama-{name}") for name in names]
        grouped = sum(config.n_kv_heads < config.n_heads for config in configs)
        numbers.append(Number(f"{generation}, of {len(names)} sizes", grouped, stated[generation], "with groups"))
    return numbers


def weights_of_7b() -> list[Number]:
    """LLaMA 7B on a disk or a card, without what it computes with."""
    n = size("llama-1-7b").total
    return [
        Number("LLaMA 7B in 16 bits", 2 * n / GIGABYTE, 13.5, "GB", 0.05),
        Number("LLaMA 7B in 4 bits", n / 2 / GIGABYTE, 3.4, "GB", 0.05),
    ]
