"""Keys and values of the past, kept so that each new token costs one step instead of a whole prefix.

It works because of the causal mask: what a position computed does not change when later tokens arrive.

Source: Shazeer 2019, "Fast Transformer Decoding: One Write-Head is All You Need", arXiv:1911.02150, section 2.4;
Pope et al. 2022, "Efficiently Scaling Transformer Inference", arXiv:2211.05102;
Jiang et al. 2023, "Mistral 7B", arXiv:2310.06825, section 2 (the rolling buffer).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor


class LayerCache:
    """One layer's keys and values, with room for `capacity` positions; `length` counts those seen so far.

    Values may be of another width than keys: latent attention keeps such a pair.
    """

    def __init__(
        self,
        batch: int,
        n_kv_heads: int,
        capacity: int,
        d_key: int,
        d_value: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        d_value = d_key if d_value is None else d_value
        self.keys = torch.empty(batch, n_kv_heads, capacity, d_key, device=device, dtype=dtype)
        self.values = torch.empty(batch, n_kv_heads, capacity, d_value, device=device, dtype=dtype)
        self.capacity, self.length = capacity, 0

    def n_keys(self, n_new: int) -> int:
        """How many keys the next call of `extend` gives back."""
        return self.length + n_new

    def extend(
        self, k: Float[Tensor, "B G T d"], v: Float[Tensor, "B G T d_value"]
    ) -> tuple[Float[Tensor, "B G S d"], Float[Tensor, "B G S d_value"]]:
        """All keys and values so far, the new ones last."""
        start, end = self.length, self.length + k.shape[2]
        if end > self.capacity:
            raise ValueError(f"the cache has room for {self.capacity} positions, got position {end}")
        self.keys[:, :, start:end] = k
        self.values[:, :, start:end] = v
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def cut(self, length: int) -> None:
        """Forget every position after the first `length`."""
        if not 0 <= length <= self.length:
            raise ValueError(f"a cache of {self.length} positions can be cut to at most that many, got {length}")
        self.length = length

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep these rows of the batch, in this order; a row may be named twice (beam search does)."""
        self.keys, self.values = self.keys[rows], self.values[rows]

    @property
    def n_bytes(self) -> int:
        """Bytes of the positions filled so far."""
        n_kept = min(self.length, self.capacity)
        return sum(t[:, :, :n_kept].numel() * t.element_size() for t in (self.keys, self.values))


class WindowCache(LayerCache):
    """Unlike a plain cache it never grows: `capacity` is the window, and the oldest position makes room."""

    def n_keys(self, n_new: int) -> int:
        """How many keys the next call of `extend` gives back: what is kept, and the new ones."""
        return min(self.length, self.capacity) + n_new

    def extend(
        self, k: Float[Tensor, "B G T d"], v: Float[Tensor, "B G T d_value"]
    ) -> tuple[Float[Tensor, "B G S d"], Float[Tensor, "B G S d_value"]]:
        """The keys and values kept, then the new ones; of these only the newest `capacity` are kept on."""
        n_kept = min(self.length, self.capacity)
        k = torch.cat([self.keys[:, :, :n_kept], k], dim=2)
        v = torch.cat([self.values[:, :, :n_kept], v], dim=2)
        self.length += k.shape[2] - n_kept
        n_kept = min(self.length, self.capacity)
        self.keys[:, :, :n_kept] = k[:, :, -n_kept:]
        self.values[:, :, :n_kept] = v[:, :, -n_kept:]
        return k, v

    def cut(self, length: int) -> None:
        """Forget the newest positions: possible only while nothing older was thrown away for them."""
        if length < self.length and self.length > self.capacity:
            raise ValueError(
                f"a window of {self.capacity} positions has thrown away what stood before the newest of "
                f"{self.length}, so it cannot go back to {length}: use a cache without a window"
            )
        super().cut(length)


class KVCache:
    """The caches of all layers of one model."""

    def __init__(self, layers: Sequence[LayerCache]):
        self.layers = list(layers)

    @property
    def length(self) -> int:
        """How many positions the model has seen."""
        return self.layers[0].length

    @property
    def n_bytes(self) -> int:
        """Bytes of all keys and values kept."""
        return sum(layer.n_bytes for layer in self.layers)

    def n_keys(self, n_new: int) -> int:
        """How many keys `n_new` new positions will see."""
        return self.layers[0].n_keys(n_new)

    def cut(self, length: int) -> None:
        """Forget every position after the first `length`, in all layers."""
        for layer in self.layers:
            layer.cut(length)

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep these rows of the batch, in this order, in all layers."""
        for layer in self.layers:
            layer.select(rows)
