"""What a model needs where it runs: memory for its weights and its cache, and what one more token costs.

Every number comes from the presets themselves: parameters counted on the meta device, cached numbers from heads,
layers, window and latent sizes. Only decoders are in the list: an encoder reads a text at once and keeps no cache, and
what an encoder-decoder keeps of the text it reads does not grow with the text it writes.

Sizes are said in decimal units, as the makers of memory do: 1 GB is 10^9 bytes. The table also has GiB (2^30 bytes).

Source: Pope et al. 2022, "Efficiently Scaling Transformer Inference", arXiv:2211.05102, section 2 (a step takes at
least as long as reading weights and cache); Kaplan et al. 2020, arXiv:2001.08361, section 2.1 (operations per token);
DeepSeek-AI 2024, arXiv:2405.04434, section 2.1 (the absorbed form of latent attention); NVIDIA, "H100 Tensor Core GPU
Datasheet" (SXM: 80 GB, 3.35 TB/s, 1,979 TFLOP/s in 16 bits with sparsity, half of that without).
"""

import math
import re
from dataclasses import replace
from functools import cache
from typing import Any

import anywidget
import torch
import traitlets

from helpers.models import Decoder, DecoderConfig
from helpers.models.presets import DECODER_PRESETS
from helpers.runtime import n_parameters
from helpers.widgets.bundle import module, style

# How the name of a preset begins -> its family in the list, which also begins its title.
FAMILIES = {
    "gpt1": "GPT-1",
    "gpt2": "GPT-2",
    "gpt3": "GPT-3",
    "llama-1": "LLaMA 1",
    "llama-2": "Llama 2",
    "llama-3": "Llama 3",
    "llama-4": "Llama 4",
    "code-llama": "Code Llama",
    "mistral": "Mistral",
    "mixtral": "Mixtral",
    "gpt-neox": "GPT-NeoX",
    "bloom": "BLOOM",
    "chatglm": "ChatGLM",
    "qwen": "Qwen",
    "deepseek": "DeepSeek",
}

# Memory in GB, as accelerators are sold.
CHOICES = {
    "weight_bits": [32, 16, 8, 4],
    "cache_bits": [16, 8],
    "memory_gb": [8, 16, 24, 32, 40, 48, 64, 80, 96, 141, 192, 288],
}

LABELS = {
    "name": "Memory explorer",
    "preset": "Model",
    "context": "Tokens so far",
    "batch": "Texts at once",
    "weight_bits": "Weights",
    "cache_bits": "Cache",
    "memory_gb": "Accelerator",
    "bits": "{n} bits",
    "in_TB": "{n} TB",
    "in_GB": "{n} GB",
    "in_MB": "{n} MB",
    "in_kB": "{n} kB",
    "in_B": "{n} B",
    "in_trillions": "{n} × 10¹²",
    "in_billions": "{n} × 10⁹",
    "in_millions": "{n} × 10⁶",
    "in_ones": "{n}",
    "in_s": "{n} s",
    "in_ms": "{n} ms",
    "in_us": "{n} µs",
    "in_dollars": "${n}",
    "multiple": "{n}×",
    "texts_one": "1 text of {context} tokens",
    "texts_many": "{batch} texts of {context} tokens each",
    "fits": "{model} in {bits} bits: {weights} of weights and {cache} of cache for {texts}: "
    "fits on one accelerator of {memory} GB.",
    "needs": "{model} in {bits} bits: {weights} of weights and {cache} of cache for {texts}: "
    "needs at least {n} accelerators of {memory} GB.",
    "weights": "weights",
    "cache": "KV cache",
    "bar": "As it is: {total}",
    "bar_every": "If every head kept its own: {every_total}",
    "bar_same": "Every head already keeps its own: {every_total}",
    "axis": "1×, 2× …: the memory of so many accelerators of {memory} GB",
    "picture": "Two bars. As it is: {weights} of weights and {cache} of cache, together {total}. "
    "If every head kept keys and values of its own: {every_cache} of cache, together {every_total}. "
    "One accelerator has {memory} GB.",
    "grouped": "{kv_heads} key/value heads serve {heads} query heads: with all {heads} the cache would take "
    "{every_cache} instead of {cache}, {times} times as much.",
    "latent": "In each layer one vector of {kept} numbers a token stands for the keys and values of all {heads} heads: "
    "written out, they would take {every_cache} instead of {cache}, {times} times as much.",
    "own": "Each of the {heads} heads keeps keys and values of its own: nothing is shared, so nothing is saved.",
    "window": "It looks back {sees} tokens, itself included: beyond them the cache does not grow.",
    "left_out_GPT-3": "In the paper every other layer looks at a band of the text; here every layer sees all of it.",
    "left_out_Llama 4": "In the released model some layers look at chunks of the text; here every layer keeps it all.",
    "left_out_DeepSeek": "The released model stretches its context; here it reads what it was first trained with.",
    "cost": "What one more token costs",
    "how": "How these are found, and what is a bound",
    "bandwidth": "Bandwidth (TB/s)",
    "price_per_hour": "Price per hour ($)",
    "assumed": "3.35 TB/s is what NVIDIA's data sheet says of an H100 SXM with 80 GB. $2 an hour is a round number, "
    "not an offer. Both are for one accelerator; type your own.",
    "operations": "Arithmetic per token",
    "operations_value": "about {operations} operations",
    "operations_how": "An estimate: 2 × {multiplied} parameters, and 2 × {layers} layers × {pair} × {seen} tokens for "
    "attention. Norms, softmax and activation functions are left out.",
    "read": "Read per step",
    "read_value": "at least {read}",
    "read_how": "{read_weights} of weights, once for all texts, and {cache} of cache, each text its own.",
    "read_sparse": "{read_weights} of weights, those that one token visits, and {cache} of cache. Other texts "
    "may visit other experts, and then more is read.",
    "intensity": "Operations per byte",
    "intensity_value": "about {intensity}",
    "intensity_how": "An H100 can do about 300 in 16 bits while it reads one byte. Far below that its arithmetic waits "
    "for memory; above, arithmetic sets the time, and the bounds below are loose.",
    "time": "Time per step",
    "time_value": "at least {time}",
    "time_how": "A bound: every text gets one token per step, and reading cannot be faster than the bandwidth, "
    "here {n} × {bandwidth} TB/s. Real runs take longer.",
    "speed": "Tokens per second",
    "speed_value": "at most {speed}",
    "speed_how": "The same bound, all texts together.",
    "price": "Price per million tokens",
    "price_value": "at least {price}",
    "price_how": "The same bound at your price, {n} × {hourly} an hour, for texts of this length.",
    "table": "The memory in numbers",
    "part": "part",
    "bytes": "bytes",
    "gb": "GB (10⁹)",
    "gib": "GiB (2³⁰)",
    "row_weights": "weights",
    "row_token": "cache of one token",
    "row_cache": "cache",
    "row_every": "cache with every head's own",
    "row_total": "weights and cache",
    "row_memory": "one accelerator",
    "caveat": "1 GB is 10⁹ bytes. Room for activations and for the program comes on top; 4-bit formats keep scales "
    "beside the weights.",
}


class MemoryExplorer(anywidget.AnyWidget):
    """Choose a preset, a context, a batch and precisions; see weights and cache against an accelerator's memory.

    `context` counts the tokens of each text, the new one included; beyond what the model can read it counts as all
    that it can read. `memory_gb` is in GB (10^9 bytes), `bandwidth` in TB/s, `price_per_hour` in dollars, each of one
    accelerator. `weight_bytes` and `cache_bytes` say what the reader's choice weighs.
    """

    _esm = module("memory_explorer.js")
    _css = style("memory_explorer.css")

    preset = traitlets.Unicode("llama-3.1-8b").tag(sync=True)
    context = traitlets.Int(131_072).tag(sync=True)
    batch = traitlets.Int(1).tag(sync=True)
    weight_bits = traitlets.Int(16).tag(sync=True)
    cache_bits = traitlets.Int(16).tag(sync=True)
    memory_gb = traitlets.Int(80).tag(sync=True)
    bandwidth = traitlets.Float(3.35).tag(sync=True)
    price_per_hour = traitlets.Float(2.0).tag(sync=True)
    # A head and rows, so that the names of the fields stand in the page once.
    models = traitlets.Dict().tag(sync=True)
    choices = traitlets.Dict(CHOICES).tag(sync=True)
    labels = traitlets.Dict(LABELS).tag(sync=True)

    def __init__(self, preset: str = "llama-3.1-8b", **settings: Any) -> None:
        shapes = [shape(name) for name in DECODER_PRESETS]
        models = {"fields": list(shapes[0]), "rows": [list(row.values()) for row in shapes]}
        super().__init__(preset=preset, models=models, **settings)

    @property
    def weight_bytes(self) -> int:
        """What all weights take at the chosen precision, in bytes."""
        return math.ceil(shape(self.preset)["parameters"] * self.weight_bits / 8)

    @property
    def cache_bytes(self) -> int:
        """What the caches of all texts take at the chosen precision, in bytes."""
        model = shape(self.preset)
        n_seen = min(self.context, model["sees"])
        return self.batch * n_seen * model["layers"] * model["kept"] * self.cache_bits // 8

    @traitlets.validate("preset")
    def _preset_is_a_decoder(self, proposal: Any) -> str:
        if proposal["value"] not in DECODER_PRESETS:
            names = ", ".join(DECODER_PRESETS)
            raise traitlets.TraitError(f"preset must be a decoder, one of {names}, got {proposal['value']!r}")
        return proposal["value"]

    @traitlets.validate("context", "batch")
    def _at_least_one(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        if value < 1:
            raise traitlets.TraitError(f"{name} counts {LABELS[name].lower()}: at least 1, got {value}")
        return value

    @traitlets.validate(*CHOICES)
    def _is_a_choice(self, proposal: Any) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        if value not in CHOICES[name]:
            raise traitlets.TraitError(f"{name} must be one of {CHOICES[name]}, got {value}")
        return value

    @traitlets.validate("bandwidth")
    def _bandwidth_is_above_zero(self, proposal: Any) -> float:
        if not 0 < proposal["value"] < math.inf:
            raise traitlets.TraitError(f"bandwidth is in TB/s and above 0, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("price_per_hour")
    def _price_is_not_negative(self, proposal: Any) -> float:
        if not 0 <= proposal["value"] < math.inf:
            raise traitlets.TraitError(f"price_per_hour is in dollars and not negative, got {proposal['value']}")
        return proposal["value"]


@cache
def shape(name: str) -> dict[str, Any]:
    """What the page must know of a preset.

    `sees` is how many tokens the cache holds at most; `kept`, how many numbers it holds of each, in each layer;
    `every`, how many it would hold with keys and values for every head; `pair`, how many products attention takes for
    each of them; `multiplied`, how many parameters a new token is multiplied with (a table is only looked up).
    """
    config = DECODER_PRESETS[name]
    n_all, n_active, n_looked_up = counts(config)
    return {
        "name": name,
        "family": family(name)[1],
        "title": title(name),
        "context": config.context_length,
        "sees": min(config.context_length, config.window or config.context_length),
        "layers": config.n_layers,
        "heads": config.n_heads,
        "kv_heads": config.n_kv_heads,
        "parameters": n_all,
        "multiplied": n_active - n_looked_up,
        "is_sparse": n_active < n_all,
        **attention_numbers(config),
    }


def attention_numbers(config: DecoderConfig) -> dict[str, int]:
    """`kept`, `every` and `pair` of `shape`; latent attention asks its cache without writing keys and values out."""
    if config.latent:
        rank, d_rope, d_value = config.latent.kv_rank, config.latent.d_rope, config.latent.d_value
        every = config.n_heads * (config.d_head + d_value)
        return {"kept": rank + d_rope, "every": every, "pair": config.n_heads * (2 * rank + d_rope)}
    every = 2 * config.n_heads * config.d_head
    return {"kept": 2 * config.n_kv_heads * config.d_head, "every": every, "pair": every}


def counts(config: DecoderConfig) -> tuple[int, int, int]:
    """Parameters: all, those that work on one token, and those in tables that are only looked up.

    One block of each kind is built and counted for all of its kind: quicker than building every expert of DeepSeek-V3.
    """
    experts = config.experts
    with torch.device("meta"):
        dense = Decoder(config.but(n_layers=1, experts=None))
        frame = dense.n_parameters - n_parameters(dense.blocks)
        n_sparse = sum(experts.is_at(layer) for layer in range(config.n_layers)) if experts else 0
        n_all = n_active = frame + (config.n_layers - n_sparse) * n_parameters(dense.blocks)
        if experts and n_sparse:
            sparse = Decoder(config.but(n_layers=1, experts=replace(experts, every=1, n_dense_first=0)))
            n_all += n_sparse * (sparse.n_parameters - frame)
            n_active += n_sparse * (sparse.n_active_parameters - frame)
    n_embedding = 0 if config.tie_embeddings else n_parameters(dense.token_embedding)
    return n_all, n_active, n_embedding + n_parameters(dense.positions)


def family(name: str) -> tuple[str, str]:
    """How the preset's name begins, and the family that this names."""
    return next((start, title) for start, title in FAMILIES.items() if name.startswith(start))


def title(name: str) -> str:
    """A preset's name as people write it.

    >>> title("llama-3.1-8b"), title("mixtral-8x7b"), title("gpt2-xl")
    ('Llama 3.1 8B', 'Mixtral 8×7B', 'GPT-2 XL')
    """
    start, known = family(name)
    first, *rest = name.removeprefix(start).split("-")
    return " ".join([known + first, *map(title_word, rest)])


def title_word(word: str) -> str:
    """A size in capitals (7B, 8×7B, XL), a word with one."""
    is_word = word.isalpha() and len(word) > 2
    return word.title() if is_word else re.sub(r"(\d)X", r"\1×", word.upper())
