from functools import cache

import pytest
import torch
from transformers import (
    BertConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    MixtralConfig,
    OpenAIGPTConfig,
    T5Config,
)

from helpers.models import PRESETS, build, preset
from helpers.models.foreign_names import FAMILIES
from helpers.models.foreign_settings import config_from

# GPT-1, GPT-2: the released files. GPT-3: GPT-2's formula at the widths and depths of its Table 2.1. BLOOM-176B and
# GPT-NeoX-20B: their model cards. The others: the same architecture counted in `transformers`, and by hand.
EXACT = {
    "gpt1": 116_534_784,
    "gpt2": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
    "gpt3-small": 125_226_240,
    "gpt3-medium": 355_871_744,
    "gpt3-large": 760_300_032,
    "gpt3-xl": 1_315_723_264,
    "gpt3-2.7b": 2_651_553_280,
    "gpt3-6.7b": 6_658_404_352,
    "gpt3-13b": 12_952_938_780,
    "gpt3-175b": 174_604_259_328,
    "llama-1-7b": 6_738_415_616,
    "llama-1-13b": 13_015_864_320,
    "llama-1-33b": 32_528_943_616,
    "llama-1-65b": 65_285_660_672,
    "llama-2-7b": 6_738_415_616,
    "llama-2-13b": 13_015_864_320,
    "llama-2-34b": 33_743_970_304,
    "llama-2-70b": 68_976_648_192,
    "llama-3-8b": 8_030_261_248,
    "llama-3-70b": 70_553_706_496,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "llama-3.3-70b": 70_553_706_496,
    "llama-4-scout": 107_769_861_120,
    "llama-4-maverick": 400_711_848_960,
    "code-llama-7b": 6_738_546_688,
    "code-llama-13b": 13_016_028_160,
    "code-llama-34b": 33_743_970_304,
    "code-llama-70b": 68_976_910_336,
    "mistral-7b": 7_241_732_096,
    "mixtral-8x7b": 46_702_792_704,
    "mixtral-8x22b": 140_630_071_296,
    "gpt-neox-20b": 20_554_567_680,
    "bloom-560m": 559_214_592,
    "bloom-1b1": 1_065_314_304,
    "bloom-1b7": 1_722_408_960,
    "bloom-3b": 3_002_557_440,
    "bloom-7b1": 7_069_016_064,
    "bloom-176b": 176_247_271_424,
    "chatglm2-6b": 6_243_584_000,
    "chatglm3-6b": 6_243_584_000,
    "qwen3-0.6b": 596_049_920,
    "qwen3-8b": 8_190_735_360,
    "deepseek-v3": 671_026_404_352,
    "bert-base": 109_482_240,
    "bert-large": 335_141_888,
    "bert-base-chinese": 102_267_648,
    "transformer-base": 63_082_496,
    "transformer-big": 214_245_376,
    "t5-small": 60_506_624,
    "t5-base": 222_903_552,
    "t5-large": 737_668_096,
    "t5-3b": 2_851_598_336,
    "t5-11b": 11_307_321_344,
}
ACTIVE = {"mixtral-8x7b": 12_879_925_248, "mixtral-8x22b": 39_161_468_928, "llama-2-7b": EXACT["llama-2-7b"]}


@cache
def counted(name):
    """All parameters and, of a decoder, the active ones. DeepSeek-V3 has 44,000 expert matrices: build it once."""
    with torch.device("meta"):
        model = build(preset(name))
        return model.n_parameters, getattr(model, "n_active_parameters", None)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_counts_exactly(name):
    assert counted(name)[0] == EXACT[name]


@pytest.mark.parametrize("name", ACTIVE)
def test_only_the_chosen_experts_count_as_active(name):
    assert counted(name)[1] == ACTIVE[name]


@pytest.mark.parametrize(("name", "billions"), [("llama-4-scout", 17), ("llama-4-maverick", 17), ("deepseek-v3", 37)])
def test_as_many_parameters_are_active_as_the_cards_say(name, billions):
    assert counted(name)[1] // 10**9 == billions  # both vocabulary matrices counted: 17.17, 17.18 and 37.55


DEFAULTS = {
    "gpt1": OpenAIGPTConfig,
    "gpt2": GPT2Config,
    "llama-1-7b": LlamaConfig,
    "mistral-7b": MistralConfig,
    "mixtral-8x7b": MixtralConfig,
    "gpt-neox-20b": GPTNeoXConfig,
    "bert-base": BertConfig,
    "t5-small": T5Config,
}
# What the defaults leave open, or have from another release: the card's numbers stand in the preset.
OPEN = {
    "mistral-7b": {"context_length", "norm_eps"},
    "mixtral-8x7b": {"context_length"},
    "gpt-neox-20b": {"mlp"},  # the released file names gelu_fast, the tanh form
}


@pytest.mark.equals("helpers.models.preset", "transformers.AutoConfig", "every word and size of eight families")
@pytest.mark.parametrize("name", DEFAULTS)
def test_presets_have_the_words_of_the_configurations_that_transformers_has_by_default(name):
    theirs = DEFAULTS[name]()
    config = config_from(theirs.to_dict(), FAMILIES[theirs.model_type])
    differing = {word for word, value in vars(preset(name)).items() if getattr(config, word) != value}
    assert differing == OPEN.get(name, set())


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"preset must be one of gpt1, .*llama-2-7b.*, got 'gpt5'"):
        preset("gpt5")
