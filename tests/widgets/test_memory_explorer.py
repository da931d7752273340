"""The memory explorer: its numbers are those of the models, and the page computes what Python computes."""

import json
import re
from itertools import groupby

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from traitlets import TraitError

from helpers.models import Decoder, DecoderConfig, ExpertsConfig, LatentConfig
from helpers.models.presets import DECODER_PRESETS
from helpers.widgets.bundle import STATIC
from helpers.widgets.memory_explorer import CHOICES, LABELS, MemoryExplorer, counts, shape, title
from tests.models.test_presets import ACTIVE, EXACT
from tests.widgets.javascript import ask as ask_module
from tests.widgets.javascript import run_module

SETTINGS = {
    "context": 131_072,
    "batch": 1,
    "weight_bits": 16,
    "cache_bits": 16,
    "memory_gb": 80,
    "bandwidth": 3.35,
    "price_per_hour": 2.0,
}
TINY = DecoderConfig(vocab_size=50, context_length=64, d_model=32, n_layers=3, n_heads=4)
GQA = TINY.but(n_kv_heads=2, positions="rope", norm="rms_norm", mlp="swiglu", bias=False, tie_embeddings=False)
MLA = GQA.but(n_kv_heads=0, latent=LatentConfig(q_rank=12, kv_rank=10, d_nope=6, d_rope=4, d_value=7))
MOE = GQA.but(experts=ExpertsConfig(n_experts=6, n_active=2, d_ff=24, n_shared=1, every=2))
TINY_MODELS = {"gpt": TINY, "grouped": GQA, "latent": MLA, "window": GQA.but(window=9), "experts": MOE}


def ask(*questions: list) -> list:
    """The answers of the page's own functions."""
    return ask_module("memory_explorer.js", *questions)


def needs(name: str, **settings: float) -> dict:
    """What the page says of a preset."""
    return ask(["needs", shape(name), SETTINGS | settings])[0]


def measured_cache(name: str, dtype: torch.dtype, batch: int) -> int:
    """Bytes of a real cache that has seen the whole context: one layer on the meta device, times the layers."""
    config = DECODER_PRESETS[name]
    with torch.device("meta"):
        cache = Decoder(config.but(n_layers=1, vocab_size=8, experts=None)).to(torch.bfloat16).new_cache(batch)
        for layer in cache.layers:
            layer.keys, layer.values = layer.keys.to(dtype), layer.values.to(dtype)
            pair = layer.keys, layer.values
            layer.extend(
                *(torch.empty(batch, t.shape[1], config.context_length, t.shape[3], dtype=dtype) for t in pair)
            )
    return config.n_layers * cache.n_bytes


def counted_operations(config: DecoderConfig, n_seen: int) -> int:
    """What PyTorch counts while one token is written after `n_seen` - 1 others: its matrix products."""
    model = Decoder(config)
    cache = model.new_cache(1)
    # The counter does not know the fused attention of CPUs; the plain one is two products of matrices.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        if n_seen > 1:
            model(torch.zeros(1, n_seen - 1, dtype=torch.long), cache)
        with FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, 1, dtype=torch.long), cache)
    return counter.get_total_flops()


@pytest.mark.parametrize("name", DECODER_PRESETS)
def test_the_parameters_of_every_preset_are_exact(name: str):
    assert shape(name)["parameters"] == EXACT[name]


@pytest.mark.parametrize("config", [*TINY_MODELS.values(), MOE.but(n_layers=4), TINY.but(positions="rope")])
def test_counting_one_block_of_each_kind_counts_the_model(config: DecoderConfig):
    model = Decoder(config)
    n_all, n_active, n_looked_up = counts(config)
    assert (n_all, n_active) == (model.n_parameters, model.n_active_parameters)
    tables = [module for module in model.modules() if isinstance(module, torch.nn.Embedding)]
    used = {id(model.lm_head.weight)}
    assert n_looked_up == sum(table.weight.numel() for table in tables if id(table.weight) not in used)


def test_only_the_visited_experts_are_multiplied():
    for name in ("mixtral-8x7b", "mixtral-8x22b"):
        embedding = DECODER_PRESETS[name].vocab_size * DECODER_PRESETS[name].d_model
        assert shape(name)["multiplied"] == ACTIVE[name] - embedding
        assert shape(name)["is_sparse"]
    assert not shape("llama-3-8b")["is_sparse"]


@pytest.mark.parametrize(("bits", "dtype", "batch"), [(16, torch.bfloat16, 1), (8, torch.float8_e4m3fn, 3)])
def test_the_cache_weighs_what_the_cache_of_the_model_weighs(bits: int, dtype: torch.dtype, batch: int):
    settings = SETTINGS | {"context": 10**9, "cache_bits": bits, "batch": batch}
    answers = ask(*[["needs", shape(name), settings] for name in DECODER_PRESETS])
    for name, answer in zip(DECODER_PRESETS, answers, strict=True):
        measured = measured_cache(name, dtype, batch)
        explorer = MemoryExplorer(name, context=10**9, cache_bits=bits, batch=batch)
        assert answer["cache"] == explorer.cache_bytes == measured, name


def test_weights_are_parameters_times_bits():
    cases = [(name, bits) for name in ("gpt2", "llama-2-70b", "deepseek-v3") for bits in CHOICES["weight_bits"]]
    answers = ask(*[["needs", shape(name), SETTINGS | {"weight_bits": bits}] for name, bits in cases])
    for (name, bits), answer in zip(cases, answers, strict=True):
        assert answer["weights"] == MemoryExplorer(name, weight_bits=bits).weight_bytes == EXACT[name] * bits // 8


# Preset, tokens, GiB of cache, GiB with keys and values for every head.
KNOWN = [
    ("gpt2-xl", 1024, 0.293, 0.293),
    ("llama-2-7b", 4096, 2.0, 2.0),
    ("llama-2-70b", 4096, 1.25, 10.0),
    ("llama-3-8b", 8192, 1.0, 4.0),
    ("llama-3.1-8b", 131072, 16.0, 64.0),
    ("llama-3.1-405b", 131072, 63.0, 1008.0),
    ("mistral-7b", 4096, 0.5, 2.0),
    ("mistral-7b", 32768, 0.5, 2.0),
    ("chatglm2-6b", 32768, 0.875, 14.0),
]


def test_known_caches_weigh_what_is_known_of_them():
    answers = ask(*[["needs", shape(name), SETTINGS | {"context": context}] for name, context, *_ in KNOWN])
    for (name, _, gib, every_gib), answer in zip(KNOWN, answers, strict=True):
        assert answer["cache"] / 2**30 == pytest.approx(gib, abs=5e-4), name
        assert answer["everyCache"] / 2**30 == pytest.approx(every_gib, abs=5e-4), name


@pytest.mark.parametrize("kind", TINY_MODELS)
def test_the_operations_are_those_that_pytorch_counts(kind: str, monkeypatch: pytest.MonkeyPatch):
    config = TINY_MODELS[kind]
    monkeypatch.setitem(DECODER_PRESETS, f"gpt-neox-{kind}", config)
    small = sum(parameter.numel() for parameter in Decoder(config).parameters() if parameter.dim() == 1)
    lengths = [1, 7, config.window or 40]
    model = shape(f"gpt-neox-{kind}")
    answers = ask(*[["needs", model, SETTINGS | {"context": n_seen}] for n_seen in lengths])
    for n_seen, answer in zip(lengths, answers, strict=True):
        assert answer["operations"] == counted_operations(config, n_seen) + 2 * small  # norms and biases


def test_the_cost_of_a_step_worked_by_hand():
    answer = needs("llama-3.1-8b")
    multiplied = 8_030_261_248 - 128_256 * 4_096  # the input embedding is looked up
    assert answer["operations"] == 2 * multiplied + 4 * 32 * 32 * 128 * 131_072
    assert answer["read"] == 2 * multiplied + 2**34
    assert answer["seconds"] == pytest.approx(0.0096089, rel=1e-4)  # 32.19 GB at 3.35 TB/s
    assert answer["speed"] == pytest.approx(104.07, rel=1e-4)
    assert answer["price"] == pytest.approx(5.338, rel=1e-3)  # 9.6 ms a token, 2,669 hours a billion
    assert answer["intensity"] == pytest.approx(2.602, rel=1e-3)


def test_a_batch_shares_the_weights_and_not_the_cache():
    one, eight = needs("llama-3-8b", context=1024), needs("llama-3-8b", context=1024, batch=8)
    assert eight["weights"] == one["weights"]
    assert eight["readWeights"] == one["readWeights"]
    assert eight["cache"] == 8 * one["cache"]
    assert eight["price"] < one["price"] / 6
    assert eight["speed"] * eight["seconds"] == pytest.approx(8)  # each step writes a token of every text
    assert eight["intensity"] * eight["read"] == pytest.approx(8 * one["operations"])


def test_more_accelerators_are_faster_and_cost_the_same_a_token():
    small, large = needs("llama-2-70b", memory_gb=24), needs("llama-2-70b", memory_gb=141)
    assert (small["accelerators"], large["accelerators"]) == (6, 1)
    assert small["seconds"] == pytest.approx(large["seconds"] / 6)
    assert small["price"] == pytest.approx(large["price"])


def test_memory_that_is_just_full_is_enough():
    known = {
        "parameters": 39 * 10**9,
        "multiplied": 1,
        "layers": 1,
        "kept": 10**9,
        "every": 10**9,
        "pair": 1,
        "sees": 1,
    }
    assert ask(["needs", known, SETTINGS])[0]["accelerators"] == 1
    known["parameters"] += 1
    assert ask(["needs", known, SETTINGS])[0]["accelerators"] == 2


def test_numbers_are_said_with_three_digits_that_count():
    said = ask(
        *[["bytesText", n, LABELS] for n in (17_179_869_184, 15_009_849_344, 1_342_052_808_704, 999_600_000, 256)],
        *[["digits", n] for n in (4, 0.05242, 42_098.3)],
        *[["secondsText", s, LABELS] for s in (0.0096089, 1.5, 2.2e-7)],
        *[["dollarsText", s, LABELS] for s in (5.338, 1234.5, 0.00642, 0)],
        ["countText", 83_700_000_000, LABELS],
    )
    expected = (
        "17.2 GB|15.0 GB|1.34 TB|1.00 GB|256 B|4|0.0524|42,100|9.61 ms|1.50 s|0.220 µs|$5.34|$1,234.50|$0.00642|$0"
    )
    assert said == [*expected.split("|"), "83.7 × 10⁹"]


def test_numbers_are_written_as_the_language_of_the_page_writes_them():
    program = """
        import { bytesText, digits } from "{static}/memory_explorer.js";
        const [text, languages] = process.argv.slice(1).map((text) => JSON.parse(text));
        console.log(JSON.stringify(languages.map((lang) => {
          globalThis.document = { documentElement: { lang } };
          return [digits(42098.3), bytesText(17179869184, text)];
        })));
    """
    said = run_module(program, LABELS | {"in_GB": "{n} Go"}, ["", "en", "de", "fr"])
    assert said == [["42,100", "17.2 Go"]] * 2 + [["42.100", "17,2 Go"], ["42\u202f100", "17,2 Go"]]


def test_sliders_offer_powers_of_two_and_the_longest_length():
    steps = ask(["steps", 256, 1024], ["steps", 256, 40_960], ["steps", 1, 256])
    assert steps[0] == [256, 512, 1024]
    assert steps[1][-2:] == [32_768, 40_960]
    assert steps[2] == [2**n for n in range(9)]
    assert ask(["nearest", steps[1], 1], ["nearest", steps[1], 3_000], ["nearest", steps[1], 10**6]) == [0, 4, 8]


@pytest.mark.parametrize(
    ("end", "marks"),
    [(1.04, [1]), (8.3, [2, 4, 6, 8]), (33, [5, 10, 15, 20, 25, 30]), (4200, [1000, 2000, 3000, 4000])],
)
def test_an_axis_has_few_marks_at_round_numbers(end: float, marks: list[int]):
    assert ask(["marksUpTo", end])[0] == marks


def test_every_decoder_is_in_the_list_once_and_families_stand_together():
    models = MemoryExplorer().models
    rows = [dict(zip(models["fields"], row, strict=True)) for row in models["rows"]]
    assert [row["name"] for row in rows] == list(DECODER_PRESETS)
    assert len({row["title"] for row in rows}) == len(rows)
    families = [family for family, _ in groupby(rows, key=lambda row: row["family"])]
    assert len(families) == len(set(families)) > 10


def test_titles_are_as_people_write_them():
    names = [
        "gpt1",
        "gpt2-xl",
        "gpt3-small",
        "llama-3.1-8b",
        "mixtral-8x7b",
        "bloom-1b1",
        "llama-4-scout",
        "chatglm2-6b",
    ]
    said = "GPT-1|GPT-2 XL|GPT-3 Small|Llama 3.1 8B|Mixtral 8×7B|BLOOM 1B1|Llama 4 Scout|ChatGLM2 6B"
    assert [title(name) for name in names] == said.split("|")


def test_it_starts_where_cache_and_weights_weigh_the_same():
    explorer = MemoryExplorer()
    assert (explorer.preset, explorer.context, explorer.batch) == ("llama-3.1-8b", 131_072, 1)
    assert (explorer.weight_bytes, explorer.cache_bytes) == (16_060_522_496, 2**34)


def test_a_context_beyond_the_models_own_counts_as_its_whole_context():
    explorer = MemoryExplorer("llama-3.1-8b")
    explorer.preset = "llama-3-8b"
    assert explorer.cache_bytes == 2**30
    explorer.preset = "llama-3.1-8b"
    assert explorer.cache_bytes == 2**34


def test_everything_it_sends_to_the_page_is_plain_and_small():
    state = MemoryExplorer().get_state()
    assert len(json.dumps(state["models"])) < 8_000
    json.dumps({name: value for name, value in state.items() if name not in ("layout", "tabbable", "tooltip")})


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("preset", "bert-base", "preset must be a decoder, one of gpt1, .*got 'bert-base'"),
        ("preset", "gpt5", "preset must be a decoder"),
        ("context", 0, "context counts tokens so far: at least 1, got 0"),
        ("batch", -3, "batch counts texts at once: at least 1, got -3"),
        ("weight_bits", 12, r"weight_bits must be one of \[32, 16, 8, 4\], got 12"),
        ("cache_bits", 4, r"cache_bits must be one of \[16, 8\]"),
        ("memory_gb", 79, "memory_gb must be one of"),
        ("bandwidth", 0.0, "bandwidth is in TB/s and above 0"),
        ("bandwidth", float("nan"), "bandwidth is in TB/s and above 0"),
        ("price_per_hour", -1.0, "price_per_hour is in dollars and not negative"),
    ],
)
def test_a_setting_out_of_range_is_refused_at_the_start_and_later(setting: str, value: object, message: str):
    with pytest.raises(TraitError, match=message):
        MemoryExplorer(**{setting: value})
    explorer = MemoryExplorer()
    with pytest.raises(TraitError, match=message):
        setattr(explorer, setting, value)


def test_the_script_has_a_label_for_every_word_and_a_word_for_every_hole():
    script = (STATIC / "memory_explorer.js").read_text(encoding="utf-8")
    used = set(re.findall(r"\btext\.(\w+)", script))
    for start in ("_value", "_how"):
        used |= {f"{name}{start}" for name in ("operations", "read", "intensity", "time", "speed", "price")}
    used |= {"operations", "read", "intensity", "time", "speed", "price", "read_sparse", "weights", "cache"}
    used |= {f"row_{name}" for name in ("weights", "token", "cache", "total", "every", "memory")}
    used |= {"grouped", "latent", "own", "left_out_GPT-3", "left_out_Llama 4", "left_out_DeepSeek"}
    units = re.findall(r'\[[\w.-]+, "(\w+)"\]', script)
    used |= {f"in_{unit}" for unit in units}
    assert used == set(LABELS)
