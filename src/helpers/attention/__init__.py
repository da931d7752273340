"""How positions exchange information."""

from helpers.attention.dot_product import attend, attention_weights
from helpers.attention.kv_cache import KVCache, LayerCache, WindowCache
from helpers.attention.masks import causal_mask
from helpers.attention.multi_head import Look, MultiHeadAttention

__all__ = [
    "KVCache",
    "LayerCache",
    "Look",
    "MultiHeadAttention",
    "WindowCache",
    "attend",
    "attention_weights",
    "causal_mask",
]
