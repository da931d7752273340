"""How positions exchange information."""

from helpers.attention.dot_product import attend, attention_weights
from helpers.attention.flash import flash_attention
from helpers.attention.kv_cache import KVCache, LayerCache, WindowCache
from helpers.attention.latent import LatentAttention
from helpers.attention.linear import LinearAttention, linear_attention
from helpers.attention.look import Look, look_back, look_both_ways
from helpers.attention.masks import (
    causal_mask,
    document_mask,
    padding_mask,
    positions_within_documents,
    prefix_mask,
    self_mask,
    sliding_window_mask,
)
from helpers.attention.multi_head import MultiHeadAttention
from helpers.attention.state_space import SelectiveSSM

__all__ = [
    "KVCache",
    "LatentAttention",
    "LayerCache",
    "LinearAttention",
    "Look",
    "MultiHeadAttention",
    "SelectiveSSM",
    "WindowCache",
    "attend",
    "attention_weights",
    "causal_mask",
    "document_mask",
    "flash_attention",
    "linear_attention",
    "look_back",
    "look_both_ways",
    "padding_mask",
    "positions_within_documents",
    "prefix_mask",
    "self_mask",
    "sliding_window_mask",
]
