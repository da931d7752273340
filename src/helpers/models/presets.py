"""The models of the article, by name. `Decoder(preset(name))` on the meta device counts them without memory.

A preset gives a model's shape and words. What our parts do not have changes no parameter of a preset: the banded
sparse attention in every other layer of GPT-3; Llama 4's layers without positions, attention in chunks and query
norm, and that its router's score weighs what an expert reads, not what it says; DeepSeek-V3's choice of experts by
groups, the factor on their sum, and the stretching of its context beyond 4,096. Scout's context is the 262,144
positions it was trained with.

Left out, because our parts cannot build them: ChatGLM-6B, which counts two positions for every token, one in the text
and one in the gap that is filled in, and weighs its residuals; gpt-oss, which gives every head a learned score for
"nothing" that belongs to no key, biases to its router, and clipped experts; GPT-4, whose shape is not disclosed.

Two rows of GPT-3's Table 2.1 contradict themselves: XL lists 24 heads of 128 at width 2,048, and 13B lists 40
heads of 128 at width 5,140. The width decides the count; here XL has 16 heads of 128 and 13B has 20 of 257.

Source: Radford et al. 2018, section 4.1; Radford et al. 2019, Table 2 and the released checkpoints;
Brown et al. 2020, "Language Models are Few-Shot Learners", arXiv:2005.14165, Table 2.1;
Touvron et al. 2023, arXiv:2302.13971, Table 2, and arXiv:2307.09288, section 2.2;
Grattafiori et al. 2024, "The Llama 3 Herd of Models", arXiv:2407.21783, Table 3;
Rozière et al. 2023, "Code Llama", arXiv:2308.12950; BigScience 2022, "BLOOM", arXiv:2211.05100, Table 3;
Black et al. 2022, "GPT-NeoX-20B", arXiv:2204.06745, section 2; Jiang et al. 2023, "Mistral 7B", arXiv:2310.06825,
Table 1, and 2024, "Mixtral of Experts", arXiv:2401.04088, Table 1; the released configurations.
"""

from helpers.models.config import DecoderConfig, ExpertsConfig, LatentConfig
from helpers.models.decoder import Decoder
from helpers.models.encoder import ENCODER_PRESETS, Encoder, EncoderConfig
from helpers.models.encoder_decoder import ENCODER_DECODER_PRESETS, EncoderDecoder, EncoderDecoderConfig
from helpers.positions.rope_scaling import Llama3Scaling

GPT1 = DecoderConfig(vocab_size=40478, context_length=512, d_model=768, n_layers=12, n_heads=12, norm_position="post")
GPT2 = GPT1.but(vocab_size=50257, context_length=1024, norm_position="pre")
GPT3 = GPT2.but(context_length=2048)

# The step from GPT to LLaMA.
LLAMA1 = GPT2.but(
    vocab_size=32000,
    context_length=2048,
    d_model=4096,
    n_layers=32,
    n_heads=32,
    norm="rms_norm",
    norm_eps=1e-6,
    positions="rope",
    mlp="swiglu",
    bias=False,
    tie_embeddings=False,
)
LLAMA2 = LLAMA1.but(context_length=4096, norm_eps=1e-5)
LLAMA2_34B = LLAMA2.but(d_model=8192, n_layers=48, n_heads=64, n_kv_heads=8, d_ff=22016)
LLAMA2_70B = LLAMA2_34B.but(n_layers=80, d_ff=28672)
LLAMA3 = LLAMA2.but(vocab_size=128256, context_length=8192, n_kv_heads=8, d_ff=14336, rope_base=500_000.0)
LLAMA3_70B = LLAMA3.but(d_model=8192, n_layers=80, n_heads=64, d_ff=28672)
LONG = {"context_length": 131072, "rope_scaling": Llama3Scaling(factor=8.0)}
LLAMA3_2 = LLAMA3.but(**LONG | {"rope_scaling": Llama3Scaling(factor=32.0)}, d_ff=8192, tie_embeddings=True)
CODE = {"context_length": 16384, "rope_base": 1_000_000.0}
LLAMA4 = LLAMA3.but(
    vocab_size=202048,
    context_length=262144,
    d_model=5120,
    n_layers=48,
    n_heads=40,
    d_ff=16384,
    rope_pairing="interleaved",
    experts=ExpertsConfig(n_experts=128, n_active=1, d_ff=8192, n_shared=1, scoring="sigmoid", every=2),
)
MISTRAL = LLAMA2.but(context_length=32768, n_kv_heads=8, d_ff=14336, window=4096)
MIXTRAL = MISTRAL.but(rope_base=1_000_000.0, window=0, experts=ExpertsConfig(n_experts=8, n_active=2))
BLOOM = GPT2.but(
    vocab_size=250880,
    context_length=2048,
    d_model=14336,
    n_layers=70,
    n_heads=112,
    positions="alibi",
    embedding_norm=True,
)
CHATGLM2 = LLAMA2.but(
    vocab_size=65024,
    context_length=32768,
    n_layers=28,
    n_kv_heads=2,
    d_ff=13696,
    rope_fraction=0.5,
    rope_pairing="interleaved",
    qkv_bias=True,
)
QWEN3 = LLAMA1.but(
    vocab_size=151936, context_length=40960, n_layers=36, n_kv_heads=8, d_ff=12288, rope_base=1_000_000.0, qk_norm=True
)

DECODER_PRESETS: dict[str, DecoderConfig] = {
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
    "llama-1-7b": LLAMA1,
    "llama-1-13b": LLAMA1.but(d_model=5120, n_layers=40, n_heads=40, d_ff=13824),
    "llama-1-33b": LLAMA1.but(d_model=6656, n_layers=60, n_heads=52, d_ff=17920),
    "llama-1-65b": LLAMA1.but(d_model=8192, n_layers=80, n_heads=64, d_ff=22016),
    "llama-2-7b": LLAMA2,
    "llama-2-13b": LLAMA2.but(d_model=5120, n_layers=40, n_heads=40, d_ff=13824),
    "llama-2-34b": LLAMA2_34B,
    "llama-2-70b": LLAMA2_70B,
    "llama-3-8b": LLAMA3,
    "llama-3-70b": LLAMA3_70B,
    "llama-3.1-8b": LLAMA3.but(**LONG),
    "llama-3.1-70b": LLAMA3_70B.but(**LONG),
    "llama-3.1-405b": LLAMA3.but(**LONG, d_model=16384, n_layers=126, n_heads=128, d_ff=53248),
    "llama-3.2-1b": LLAMA3_2.but(d_model=2048, n_layers=16, d_ff=8192),
    "llama-3.2-3b": LLAMA3_2.but(d_model=3072, n_layers=28, n_heads=24),
    "llama-3.3-70b": LLAMA3_70B.but(**LONG),
    "llama-4-scout": LLAMA4.but(
        experts=ExpertsConfig(n_experts=16, n_active=1, d_ff=8192, n_shared=1, scoring="sigmoid")
    ),
    "llama-4-maverick": LLAMA4,
    "code-llama-7b": LLAMA2.but(**CODE, vocab_size=32016),
    "code-llama-13b": LLAMA2.but(**CODE, vocab_size=32016, d_model=5120, n_layers=40, n_heads=40, d_ff=13824),
    "code-llama-34b": LLAMA2_34B.but(**CODE),
    "code-llama-70b": LLAMA2_70B.but(**CODE, vocab_size=32016),
    "mistral-7b": MISTRAL,
    "mixtral-8x7b": MIXTRAL,
    "mixtral-8x22b": MIXTRAL.but(
        vocab_size=32768, context_length=65536, d_model=6144, n_layers=56, n_heads=48, d_ff=16384
    ),
    "gpt-neox-20b": GPT3.but(
        vocab_size=50432,
        d_model=6144,
        n_layers=44,
        n_heads=64,
        positions="rope",
        rope_fraction=0.25,
        parallel_residual=True,
        tie_embeddings=False,
    ),
    "bloom-560m": BLOOM.but(d_model=1024, n_layers=24, n_heads=16),
    "bloom-1b1": BLOOM.but(d_model=1536, n_layers=24, n_heads=16),
    "bloom-1b7": BLOOM.but(d_model=2048, n_layers=24, n_heads=16),
    "bloom-3b": BLOOM.but(d_model=2560, n_layers=30, n_heads=32),
    "bloom-7b1": BLOOM.but(d_model=4096, n_layers=30, n_heads=32),
    "bloom-176b": BLOOM,
    "chatglm2-6b": CHATGLM2,
    "chatglm3-6b": CHATGLM2,
    "qwen3-0.6b": QWEN3.but(d_model=1024, n_layers=28, n_heads=16, d_head=128, d_ff=3072, tie_embeddings=True),
    "qwen3-8b": QWEN3,
    "deepseek-v3": LLAMA1.but(
        vocab_size=129280,
        context_length=4096,
        d_model=7168,
        n_layers=61,
        n_heads=128,
        d_ff=18432,
        rope_pairing="interleaved",
        latent=LatentConfig(q_rank=1536, kv_rank=512, d_nope=128, d_rope=64, d_value=128),
        experts=ExpertsConfig(n_experts=256, n_active=8, d_ff=2048, n_shared=1, scoring="sigmoid", n_dense_first=3),
    ),
}

PRESETS: dict[str, DecoderConfig | EncoderConfig | EncoderDecoderConfig] = {
    **DECODER_PRESETS,
    **ENCODER_PRESETS,
    **ENCODER_DECODER_PRESETS,
}


def preset(name: str) -> DecoderConfig | EncoderConfig | EncoderDecoderConfig:
    """The configuration of a published model: a decoder's, an encoder's, or that of an encoder and a decoder."""
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]


def build(config: DecoderConfig | EncoderConfig | EncoderDecoderConfig) -> Decoder | Encoder | EncoderDecoder:
    """The model that a configuration describes, with fresh weights."""
    kinds = {DecoderConfig: Decoder, EncoderConfig: Encoder, EncoderDecoderConfig: EncoderDecoder}
    return kinds[type(config)](config)
