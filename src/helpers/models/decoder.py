"""The decoder-only Transformer: GPT, LLaMA and their cousins are configurations of this one file.

Dropout is left out, as in LLaMA: most texts of this book are new at every step, and none is read many times.

Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", section 3.1;
Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3;
Touvron et al. 2023, "LLaMA: Open and Efficient Foundation Language Models", arXiv:2302.13971, section 2.2.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from helpers.attention.kv_cache import KVCache, LayerCache, WindowCache
from helpers.attention.look import Look, look_back
from helpers.layers import MixtureOfExperts
from helpers.models.config import DecoderConfig
from helpers.models.initialise import initialise
from helpers.models.inputs import check_length, check_rows, embedded
from helpers.models.parts import new_attention, new_mlp, new_norm, new_positions
from helpers.runtime import n_parameters


class Block(nn.Module):
    """Attention, then feed-forward. Each adds its result to the stream that runs past it."""

    def __init__(self, config: DecoderConfig, layer: int = 0):
        super().__init__()
        self.is_pre_norm = config.norm_position == "pre"
        self.attention_norm, self.mlp_norm = new_norm(config), new_norm(config)
        self.attention = new_attention(config)
        self.mlp = new_mlp(config, layer)

    def forward(
        self, x: Float[Tensor, "B T D"], look: Look | None = None, cache: LayerCache | None = None
    ) -> Float[Tensor, "B T D"]:
        """The stream after this block."""
        if self.is_pre_norm:
            x = x + self.attention(self.attention_norm(x), look, cache)
            return x + self.mlp(self.mlp_norm(x))
        x = self.attention_norm(x + self.attention(x, look, cache))
        return self.mlp_norm(x + self.mlp(x))


class ParallelBlock(Block):
    """Unlike a plain block, feed-forward does not wait for attention: both read the same stream.

    Source: Black et al. 2022, "GPT-NeoX-20B", arXiv:2204.06745, section 2.1.
    """

    def forward(
        self, x: Float[Tensor, "B T D"], look: Look | None = None, cache: LayerCache | None = None
    ) -> Float[Tensor, "B T D"]:
        """The stream after this block."""
        return x + self.attention(self.attention_norm(x), look, cache) + self.mlp(self.mlp_norm(x))


class Decoder(nn.Module):
    """A language model: for every position, how likely each token is to come next."""

    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.embedding_norm = new_norm(config) if config.embedding_norm else nn.Identity()
        self.positions = new_positions(config)
        block = ParallelBlock if config.parallel_residual else Block
        self.blocks = nn.ModuleList(block(config, layer) for layer in range(config.n_layers))
        self.final_norm = new_norm(config) if config.norm_position == "pre" else nn.Identity()
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.lm_head.weight = self.token_embedding.weight
        initialise(self, self._std)

    def _std(self, name: str, matrix: Tensor) -> float:
        """0.02 everywhere; what writes into the stream is shrunk so that depth does not make it grow.

        Source: Radford et al. 2019, section 2.3 (1/√N for N residual layers; two per block).
        """
        writes = name.endswith(("o_proj.weight", "down_proj.weight"))
        return 0.02 / math.sqrt(2 * len(self.blocks)) if writes else 0.02

    def forward(
        self,
        ids: Int[Tensor, "B T"],
        cache: KVCache | None = None,
        maps: list[Tensor] | None = None,
        *,
        mask: Bool[Tensor, "*#B T S"] | None = None,
        positions: Int[Tensor, "*#B T"] | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Logits of the next token at every position.

        With a `cache` the ids are the new tokens only. A list given as `maps` receives each layer's attention
        weights, B H T S. A `mask` takes the place of the causal one (a window still narrows it); `positions` take
        the place of those that follow the cache, for rows that are padded or hold several documents.
        """
        check_rows(ids)
        x = embedded(self.token_embedding, ids)
        return self.lm_head(self.hidden(x, cache, maps, mask=mask, positions=positions))

    def hidden(
        self,
        x: Float[Tensor, "B T D"],
        cache: KVCache | None = None,
        maps: list[Tensor] | None = None,
        *,
        mask: Bool[Tensor, "*#B T S"] | None = None,
        positions: Int[Tensor, "*#B T"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """What the model knows at every position, from any embeddings: of tokens, or of image patches."""
        past = cache.length if cache else 0
        end = past + x.shape[1]
        check_length(end, self.config)
        if positions is None:
            positions = torch.arange(past, end, device=x.device)
        n_keys = cache.n_keys(x.shape[1]) if cache else end
        look = look_back(self.positions, positions, n_keys, mask, maps, window=self.config.window)
        x = self.embedding_norm(self.positions.add_to_embeddings(x, positions))
        for block, layer_cache in zip(self.blocks, cache.layers if cache else [None] * len(self.blocks), strict=True):
            x = block(x, look, layer_cache)
        return self.final_norm(x)

    def new_cache(self, batch: int = 1, capacity: int | None = None) -> KVCache:
        """An empty cache of this model's shape, on its device, for `capacity` positions (default: the context).

        A model with a window keeps no more positions than its window holds.
        """
        weight, config = self.token_embedding.weight, self.config
        capacity = capacity or config.context_length
        kind = WindowCache if 0 < config.window < capacity else LayerCache
        if config.latent:
            n_kv_heads, d_key, d_value = 1, config.latent.d_rope, config.latent.kv_rank
        else:
            n_kv_heads, d_key, d_value = config.n_kv_heads, config.d_head, config.d_head
        room = min(capacity, config.window or capacity)
        return KVCache(
            [kind(batch, n_kv_heads, room, d_key, d_value, weight.device, weight.dtype) for _ in range(config.n_layers)]
        )

    @property
    def balance_loss(self) -> Float[Tensor, ""]:
        """How unevenly the experts were used in the last call, summed over layers: `n_active` a layer when evenly."""
        experts = [block.mlp for block in self.blocks if isinstance(block.mlp, MixtureOfExperts)]
        if not experts:
            raise ValueError("balance_loss is a matter of experts, and this model has none: set config.experts")
        return torch.stack([layer.balance_loss for layer in experts]).sum()

    @property
    def n_parameters(self) -> int:
        """How many numbers the model learns; a tied matrix counts once. Exact on the meta device too."""
        return n_parameters(self)

    @property
    def n_active_parameters(self) -> int:
        """How many of them work on one token: all but the experts that the router leaves out."""
        layers = [block.mlp for block in self.blocks if isinstance(block.mlp, MixtureOfExperts)]
        return self.n_parameters - sum(
            (len(layer.experts) - layer.n_active) * n_parameters(layer.experts[0]) for layer in layers
        )
