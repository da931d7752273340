"""What the keys and values of a whole context weigh: measured on the caches of the presets, beside the formula.

2 (keys and values) × layers × key/value heads × head size × 2 bytes (16 bits) × positions; latent attention keeps one
latent vector and one rotated key a layer, and a window keeps no more positions than it has. The caches live on the meta
device, where a tensor has its shape and its type and takes no memory.
"""

import torch

from helpers.models import Decoder, DecoderConfig, preset

NAMES = [
    "gpt2-xl",
    "gpt3-175b",
    "llama-1-7b",
    "llama-1-65b",
    "llama-2-7b",
    "llama-2-70b",
    "llama-3-8b",
    "llama-3.1-8b",
    "llama-3.1-405b",
    "mistral-7b",
    "chatglm2-6b",
    "deepseek-v3",
]


def measured_bytes(config: DecoderConfig) -> int:
    """Bytes of a cache that has seen the whole context."""
    with torch.device("meta"):
        model = Decoder(config.but(n_layers=1, vocab_size=8, experts=None)).to(torch.bfloat16)
        cache = model.new_cache()
        for layer in cache.layers:
            new = [torch.empty(1, t.shape[1], config.context_length, t.shape[3]) for t in (layer.keys, layer.values)]
            layer.extend(*(t.to(torch.bfloat16) for t in new))
    return config.n_layers * cache.n_bytes


def formula_bytes(config: DecoderConfig) -> int:
    """The same by counting numbers."""
    numbers = 2 * config.n_kv_heads * config.d_head
    if config.latent:
        numbers = config.latent.kv_rank + config.latent.d_rope
    return 2 * config.n_layers * numbers * min(config.context_length, config.window or config.context_length)


def main() -> None:
    print(f"{'':16} {'positions':>10} {'bytes a position':>17} {'measured GiB':>13} {'formula GiB':>12}")
    for name in NAMES:
        config = preset(name)
        measured, formula = measured_bytes(config), formula_bytes(config)
        assert measured == formula, f"{name}: measured {measured}, formula {formula}"
        per_position = formula // min(config.context_length, config.window or config.context_length)
        sizes = f"{measured / 2**30:13.3f} {formula / 2**30:12.3f}"
        print(f"{name:16} {config.context_length:10,} {per_position:17,} {sizes}")


if __name__ == "__main__":
    main()
