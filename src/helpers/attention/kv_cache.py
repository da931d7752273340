"""Keys and values of the past, kept so that each new token costs one step instead of a whole prefix.

It works because of the causal mask: what a position computed does not change when later tokens arrive.

Source: Shazeer 2019, "Fast Transformer Decoding: One Write-Head is All You Need", arXiv:1911.02150, section 2.4;
Pope et al. 2022, "Efficiently Scaling Transformer Inference", arXiv:2211.05102.
"""

import torch
from jaxtyping import Float
from torch import Tensor


class KVCache:
    """Room for `capacity` positions in every layer; `length` of them are filled."""

    def __init__(
        self,
        n_layers: int,
        batch: int,
        n_kv_heads: int,
        capacity: int,
        d_head: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        shape = (n_layers, batch, n_kv_heads, capacity, d_head)
        self.keys = torch.empty(shape, device=device, dtype=dtype)
        self.values = torch.empty(shape, device=device, dtype=dtype)
        self.length = 0

    def extend(
        self, layer: int, k: Float[Tensor, "B G T d"], v: Float[Tensor, "B G T d"]
    ) -> tuple[Float[Tensor, "B G S d"], Float[Tensor, "B G S d"]]:
        """All keys and values of this layer so far, the new ones last.

        `length` moves on only when `advance` is called: every layer sees the same past within one step.
        """
        end = self.length + k.shape[2]
        if end > self.keys.shape[3]:
            raise ValueError(f"the cache has room for {self.keys.shape[3]} positions, got position {end}")
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def advance(self, n_positions: int) -> None:
        """Count the positions of this step as past."""
        self.length += n_positions

    @property
    def n_bytes(self) -> int:
        """Bytes of the positions filled so far."""
        per_position = self.keys[:, :, :, :1].numel() + self.values[:, :, :, :1].numel()
        return per_position * self.length * self.keys.element_size()
