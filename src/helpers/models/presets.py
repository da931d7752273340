"""The models of the article, by name. `Decoder(preset(name))` on the meta device counts them without memory.

GPT-3 alternates dense and locally banded sparse attention; that changes no parameter, so its presets are dense.
Two rows of GPT-3's Table 2.1 contradict themselves: XL lists 24 heads of 128 at width 2,048, and 13B lists 40
heads of 128 at width 5,140. The width decides the count; here XL has 16 heads of 128 and 13B has 20 of 257.

Source: Radford et al. 2018, section 4.1; Radford et al. 2019, Table 2 and the released checkpoints;
Brown et al. 2020, "Language Models are Few-Shot Learners", arXiv:2005.14165, Table 2.1.
"""

from helpers.models.config import DecoderConfig

GPT1 = DecoderConfig(vocab_size=40478, context_length=512, d_model=768, n_layers=12, n_heads=12, norm_position="post")
GPT2 = GPT1.but(vocab_size=50257, context_length=1024, norm_position="pre")
GPT3 = GPT2.but(context_length=2048)

PRESETS = {
    "gpt1": GPT1,
    "gpt2": GPT2,
    "gpt2-medium": GPT2.but(d_model=1024, n_layers=24, n_heads=16),
    "gpt2-large": GPT2.but(d_model=1280, n_layers=36, n_heads=20),
    "gpt2-xl": GPT2.but(d_model=1600, n_layers=48, n_heads=25),
    "gpt3-small": GPT3,
    "gpt3-medium": GPT3.but(d_model=1024, n_layers=24, n_heads=16),
    "gpt3-large": GPT3.but(d_model=1536, n_layers=24, n_heads=16),
    "gpt3-xl": GPT3.but(d_model=2048, n_layers=24, n_heads=16),
    "gpt3-2.7b": GPT3.but(d_model=2560, n_layers=32, n_heads=32),
    "gpt3-6.7b": GPT3.but(d_model=4096, n_layers=32, n_heads=32),
    "gpt3-13b": GPT3.but(d_model=5140, n_layers=40, n_heads=20),
    "gpt3-175b": GPT3.but(d_model=12288, n_layers=96, n_heads=96),
}


def preset(name: str) -> DecoderConfig:
    """The configuration of a published model."""
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]
