"""How positions exchange information."""

from helpers.attention.dot_product import attend, attention_weights
from helpers.attention.kv_cache import KVCache
from helpers.attention.masks import causal_mask
from helpers.attention.multi_head import MultiHeadAttention

__all__ = ["KVCache", "MultiHeadAttention", "attend", "attention_weights", "causal_mask"]
