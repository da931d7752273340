"""From the words of a configuration to the parts they name: the one place where the two meet.

Each word is looked up once; what a part does with its numbers is its own business.
"""

from collections.abc import Callable

from torch import nn

from helpers.attention.latent import LatentAttention
from helpers.attention.multi_head import MultiHeadAttention
from helpers.layers import MLPS, NORMS, MixtureOfExperts
from helpers.models.config import DecoderConfig
from helpers.positions import (
    Alibi,
    LearnedPositions,
    NoPositions,
    RotaryPositions,
    SinusoidalPositions,
    T5Bias,
)

POSITIONS: dict[str, Callable[[DecoderConfig], NoPositions]] = {
    "none": lambda config: NoPositions(),
    "learned": lambda config: LearnedPositions(config.context_length, config.d_model),
    "sinusoidal": lambda config: SinusoidalPositions(config.context_length, config.d_model),
    "t5": lambda config: T5Bias(config.n_heads),
    "alibi": lambda config: Alibi(config.n_heads),
    "rope": lambda config: RotaryPositions(
        config.latent.d_rope if config.latent else config.d_head,
        config.rope_base,
        fraction=config.rope_fraction,
        pairing=config.rope_pairing,
        scaling=config.rope_scaling,
    ),
}


def new_positions(config: DecoderConfig) -> NoPositions:
    """The scheme of positions that the configuration names."""
    return POSITIONS[config.positions](config)


def new_norm(config: DecoderConfig) -> nn.Module:
    """A norm over the width of the model."""
    return NORMS[config.norm](config.d_model, config.bias, config.norm_eps)


def new_attention(config: DecoderConfig) -> MultiHeadAttention | LatentAttention:
    """The attention of one block."""
    if config.latent:
        sizes = config.latent
        ranks_and_widths = sizes.q_rank, sizes.kv_rank, sizes.d_nope, sizes.d_rope, sizes.d_value
        return LatentAttention(config.d_model, config.n_heads, *ranks_and_widths, eps=config.norm_eps)
    return MultiHeadAttention(
        config.d_model,
        config.n_heads,
        config.n_kv_heads,
        config.bias,
        d_head=config.d_head,
        qkv_bias=config.qkv_bias,
        qk_norm=config.qk_norm,
        eps=config.norm_eps,
        scale=config.attention_scale,
    )


def new_mlp(config: DecoderConfig, layer: int = 0) -> nn.Module:
    """The feed-forward network of block number `layer`, or its mixture of experts."""
    mlp, experts = MLPS[config.mlp], config.experts
    if experts is None or not experts.is_at(layer):
        return mlp(config.d_model, config.d_ff, config.bias)
    return MixtureOfExperts(
        config.d_model,
        experts.d_ff or config.d_ff,
        experts.n_experts,
        experts.n_active,
        n_shared=experts.n_shared,
        mlp=mlp,
        bias=config.bias,
        scoring=experts.scoring,
    )
