"""The decoder-only Transformer: GPT-1, GPT-2 and GPT-3 are three configurations of this one file.

Dropout is left out: our data is fresh at every step, so there is nothing to overfit.

Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", section 3.1;
Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.attention.kv_cache import KVCache
from helpers.attention.multi_head import MultiHeadAttention
from helpers.layers import MLPS, NORMS
from helpers.models.config import DecoderConfig
from helpers.positions import POSITIONS, NoPositions
from helpers.runtime import n_parameters


class Block(nn.Module):
    """Attention, then feed-forward. Each adds its result to the stream that runs past it."""

    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.is_pre_norm = config.norm_position == "pre"
        d_model, bias = config.d_model, config.bias
        self.attention_norm = NORMS[config.norm](d_model, bias)
        self.attention = MultiHeadAttention(d_model, config.n_heads, config.n_kv_heads, bias)
        self.mlp_norm = NORMS[config.norm](d_model, bias)
        self.mlp = MLPS[config.mlp](d_model, config.d_ff, bias)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        scheme: NoPositions,
        positions: Int[Tensor, " T"],
        layer: int = 0,
        cache: KVCache | None = None,
        maps: list[Tensor] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """The stream after this block."""
        if self.is_pre_norm:
            x = x + self.attention(self.attention_norm(x), scheme, positions, layer, cache, maps)
            return x + self.mlp(self.mlp_norm(x))
        x = self.attention_norm(x + self.attention(x, scheme, positions, layer, cache, maps))
        return self.mlp_norm(x + self.mlp(x))


class Decoder(nn.Module):
    """A language model: for every position, how likely each token is to come next."""

    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions = POSITIONS[config.positions](config.context_length, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        is_pre_norm = config.norm_position == "pre"
        self.final_norm = NORMS[config.norm](config.d_model, config.bias) if is_pre_norm else nn.Identity()
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.lm_head.weight = self.token_embedding.weight
        self._initialise()

    def _initialise(self) -> None:
        """Normal(0, 0.02) everywhere; what writes into the stream is shrunk so that depth does not make it grow.

        Source: Radford et al. 2019, section 2.3 (1/√N for N residual layers; two per block).
        """
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                writes = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * len(self.blocks)) if writes else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(
        self, ids: Int[Tensor, "B T"], cache: KVCache | None = None, maps: list[Tensor] | None = None
    ) -> Float[Tensor, "B T V"]:
        """Logits of the next token at every position.

        With a `cache` the ids are the new tokens only. A list given as `maps` receives each layer's attention
        weights, B H T S.
        """
        return self.lm_head(self.hidden(self.token_embedding(ids), cache, maps))

    def hidden(
        self, x: Float[Tensor, "B T D"], cache: KVCache | None = None, maps: list[Tensor] | None = None
    ) -> Float[Tensor, "B T D"]:
        """What the model knows at every position, from any embeddings: of tokens, or of image patches."""
        past = cache.length if cache else 0
        end = past + x.shape[1]
        if end > self.config.context_length:
            raise ValueError(
                f"the context is {self.config.context_length} positions long, got {end}: pass fewer tokens, "
                f"or build the model with a longer context_length"
            )
        positions = torch.arange(past, end, device=x.device)
        x = self.positions.add_to_embeddings(x, positions)
        for layer, block in enumerate(self.blocks):
            x = block(x, self.positions, positions, layer, cache, maps)
        if cache:
            cache.advance(x.shape[1])
        return self.final_norm(x)

    def new_cache(self, batch: int = 1, capacity: int | None = None) -> KVCache:
        """An empty cache of this model's shape, on its device, for `capacity` positions (default: the context)."""
        weight, config = self.token_embedding.weight, self.config
        capacity = capacity or config.context_length
        return KVCache(config.n_layers, batch, config.n_kv_heads, capacity, config.d_head, weight.device, weight.dtype)

    @property
    def n_parameters(self) -> int:
        """How many numbers the model learns; a tied matrix counts once. Exact on the meta device too."""
        return n_parameters(self)
