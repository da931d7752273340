"""Multi-head latent attention (MLA): instead of every head's keys and values, the cache holds one short vector a token.

All heads' keys and values are computed from that latent vector, which is narrower than the stream. Positions cannot
be turned into it, because each query would have to turn it back; so a second, even shorter key carries them alone,
one for all heads. Queries have a narrow waist of their own, which saves memory while training.

As the latent comes before the matrix that makes keys, and the score is a product, that matrix may as well be applied
to the query ("absorbed"): when one token is written, keys and values of the past are never computed at all.

Source: DeepSeek-AI 2024, "DeepSeek-V2", arXiv:2405.04434, section 2.1, equations 9 to 19 and appendix C; the norms on
the two latent vectors are from section 3.1.2. DeepSeek turns positions in the "interleaved" pairing.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from helpers.attention.dot_product import attention_weights
from helpers.attention.kv_cache import LayerCache
from helpers.attention.look import Look, merged
from helpers.attention.masks import causal_mask
from helpers.layers.norms import RMSNorm


class LatentAttention(nn.Module):
    """Unlike multi-head attention it caches kv_rank + d_rope numbers a token, whatever the number of heads.

    A head's query and key have `d_nope` numbers that know no position and `d_rope` that do; its value has `d_value`.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        q_rank: int,
        kv_rank: int,
        d_nope: int,
        d_rope: int,
        d_value: int,
        eps: float = 1e-6,
    ):
        super().__init__()
        self.n_heads = n_heads
        self.q_parts, self.latent_parts, self.kv_parts = (d_nope, d_rope), (kv_rank, d_rope), (d_nope, d_value)
        self.scale = (d_nope + d_rope) ** -0.5
        self.q_down = nn.Linear(d_model, q_rank, bias=False)
        self.q_norm = RMSNorm(q_rank, eps=eps)
        self.q_up = nn.Linear(q_rank, n_heads * (d_nope + d_rope), bias=False)
        self.kv_down = nn.Linear(d_model, kv_rank + d_rope, bias=False)
        self.kv_norm = RMSNorm(kv_rank, eps=eps)
        self.kv_up = nn.Linear(kv_rank, n_heads * (d_nope + d_value), bias=False)
        self.o_proj = nn.Linear(n_heads * d_value, d_model, bias=False)

    def forward(
        self, x: Float[Tensor, "B T D"], look: Look | None = None, cache: LayerCache | None = None
    ) -> Float[Tensor, "B T D"]:
        """What each position takes from those it may look at. With a `cache`, `x` holds the new positions only."""
        look = look or Look()
        past = cache.length if cache else 0
        positions = torch.arange(past, past + x.shape[1], device=x.device) if look.positions is None else look.positions
        q_nope, q_rope = self.queries(x)
        k_rope, latent = self.keys_latents(x)
        q_rope, k_rope = look.scheme.rotate(q_rope, k_rope, positions)
        if cache is not None:
            k_rope, latent = cache.extend(k_rope, latent)
        is_plain = look.bias is None and look.maps is None
        attend = self.attend_absorbed if x.shape[1] == 1 and is_plain else self.attend
        return self.o_proj(attend(q_nope, q_rope, k_rope, latent, look).flatten(2))

    def queries(self, x: Float[Tensor, "B T D"]) -> tuple[Float[Tensor, "B H T d_nope"], Float[Tensor, "B H T d_rope"]]:
        """What each position asks, per head: the part without a position, and the part still to be turned."""
        q = self.q_up(self.q_norm(self.q_down(x))).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # B H T d
        q_nope, q_rope = q.split(self.q_parts, dim=-1)
        return q_nope, q_rope

    def keys_latents(self, x: Float[Tensor, "B T D"]) -> tuple[Float[Tensor, "B 1 T d_rope"], Float[Tensor, "B 1 T r"]]:
        """What the cache keeps of each position, once for all heads: the key still to be turned, and the latent."""
        latent, k_rope = self.kv_down(x)[:, None].split(self.latent_parts, dim=-1)
        return k_rope, self.kv_norm(latent)

    def attend(
        self,
        q_nope: Float[Tensor, "B H T d_nope"],
        q_rope: Float[Tensor, "B H T d_rope"],
        k_rope: Float[Tensor, "B 1 S d_rope"],
        latent: Float[Tensor, "B 1 S r"],
        look: Look,
    ) -> Float[Tensor, "B T H d_value"]:
        """What each head takes from the values it may look at, with every head's keys and values written out."""
        q = torch.cat([q_nope, q_rope], dim=-1)
        kv = self.kv_up(latent[:, 0]).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # B H S d
        k_nope, v = kv.split(self.kv_parts, dim=-1)
        k = torch.cat([k_nope, k_rope.expand(-1, self.n_heads, -1, -1)], dim=-1)
        mask = look.mask
        if mask is None and look.is_causal:
            mask = causal_mask(q.shape[2], k.shape[2], q.device)
        if look.maps is None:
            heads = scaled_dot_product_attention(q, k, v, merged(mask, look.bias), scale=self.scale)
        else:
            look.maps.append(attention_weights(q, k, mask, look.bias))  # √d is that of the whole query, both parts
            heads = look.maps[-1] @ v
        return heads.transpose(1, 2)

    def attend_absorbed(
        self,
        q_nope: Float[Tensor, "B H 1 d_nope"],
        q_rope: Float[Tensor, "B H 1 d_rope"],
        k_rope: Float[Tensor, "B 1 S d_rope"],
        latent: Float[Tensor, "B 1 S r"],
        look: Look,
    ) -> Float[Tensor, "B 1 H d_value"]:
        """The same for one new token: each head's query is moved into the latent space, and what it finds there is
        moved out. All heads then ask one and the same key, so they stand where queries usually do."""
        up = self.kv_up.weight.unflatten(0, (self.n_heads, -1))
        key_up, value_up = up.split(self.kv_parts, dim=1)
        q = torch.cat([torch.einsum("bhtn,hnr->bthr", q_nope, key_up), q_rope.transpose(1, 2)], dim=-1)  # B 1 H d
        k = torch.cat([latent, k_rope], dim=-1)
        found = scaled_dot_product_attention(q, k, latent, look.mask, scale=self.scale)
        return torch.einsum("bthr,hvr->bthv", found, value_up)
