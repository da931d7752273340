"""The encoder-decoder: one stack reads the source in both directions, another writes the target while looking back.

Unlike a decoder alone, a block of the second stack has a third part, cross-attention: queries come from what is
written, keys and values from what was read. Two families are configurations of this file. The Transformer of 2017
has norms after each part, sinusoids, biases, and multiplies embeddings by √d_model. T5 has RMSNorm before each
part, one table of relative-position biases per stack, no biases elsewhere, scores that are not divided by √d_head,
and divides the logits by √d_model.

Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3;
Raffel et al. 2019, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
arXiv:1910.10683, section 2.1 and the released checkpoints.
"""

import math
from dataclasses import dataclass, field
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from helpers.attention.kv_cache import KVCache, LayerCache
from helpers.attention.look import Look, look_back, look_both_ways, seen_by_all
from helpers.attention.multi_head import MultiHeadAttention
from helpers.models.config import DecoderConfig
from helpers.models.decoder import Block
from helpers.models.encoder import BOTH_WAYS, refuse_words
from helpers.models.initialise import initialise
from helpers.models.inputs import check_length, check_mask, check_rows, embedded
from helpers.models.parts import new_attention, new_mlp, new_norm, new_positions
from helpers.runtime import n_parameters

EMBEDDING_SCALES = ("none", "input", "output")
KeysValues = tuple[Float[Tensor, "B G S d"], Float[Tensor, "B G S d"]]


@dataclass(frozen=True)
class EncoderDecoderConfig(DecoderConfig):
    """The decoder's words, for both stacks of `n_layers` blocks; the defaults are those of the Transformer of 2017.

    The shared embedding matrix must serve as input and as output, which want sizes that differ by √d_model.
    `embedding_scale` says where that factor stands: the embeddings are multiplied by it ("input"), the logits are
    divided by it ("output"), or neither ("none").
    """

    norm_position: str = "post"
    positions: str = "sinusoidal"
    mlp: str = "relu"
    embedding_scale: str = "input"

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_words(self, "parallel_residual", "embedding_norm", "window", "experts", "latent")
        if self.embedding_scale not in EMBEDDING_SCALES:
            known = ", ".join(EMBEDDING_SCALES)
            raise ValueError(f"embedding_scale must be one of {known}, got {self.embedding_scale!r}")


@dataclass
class Maps:
    """Attention weights of one call, one B H T S table per layer: of the source to itself, of the target to
    itself, and of the target to the source."""

    encoder: list[Tensor] = field(default_factory=list)
    decoder: list[Tensor] = field(default_factory=list)
    cross: list[Tensor] = field(default_factory=list)


class CrossBlock(nn.Module):
    """Unlike a plain block, it looks at the source between looking at its own past and feeding forward."""

    def __init__(self, config: EncoderDecoderConfig):
        super().__init__()
        self.is_pre_norm = config.norm_position == "pre"
        self.attention_norm, self.attention = new_norm(config), new_attention(config)
        self.cross_norm = new_norm(config)
        self.cross_attention = cast(MultiHeadAttention, new_attention(config))  # the config refuses latent attention
        self.mlp_norm, self.mlp = new_norm(config), new_mlp(config)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        look: Look,
        source: KeysValues,
        look_across: Look,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """The stream after this block. `source` holds the keys and values of the text that was read."""
        if self.is_pre_norm:
            x = x + self.attention(self.attention_norm(x), look, cache)
            x = x + self._across(self.cross_norm(x), source, look_across)
            return x + self.mlp(self.mlp_norm(x))
        x = self.attention_norm(x + self.attention(x, look, cache))
        x = self.cross_norm(x + self._across(x, source, look_across))
        return self.mlp_norm(x + self.mlp(x))

    def _across(self, x: Float[Tensor, "B T D"], source: KeysValues, look: Look) -> Float[Tensor, "B T D"]:
        return self.cross_attention.attend(self.cross_attention.queries(x), *source, look)


class EncoderDecoder(nn.Module):
    """A model of the target text given the source text: translation, summary, any question with an answer."""

    def __init__(self, config: EncoderDecoderConfig):
        super().__init__()
        self.config = config
        is_pre_norm, layers = config.norm_position == "pre", range(config.n_layers)
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder_positions, self.decoder_positions = BOTH_WAYS[config.positions](config), new_positions(config)
        self.encoder_blocks = nn.ModuleList(Block(config) for _ in layers)
        self.encoder_norm = new_norm(config) if is_pre_norm else nn.Identity()
        self.decoder_blocks = nn.ModuleList(CrossBlock(config) for _ in layers)
        self.decoder_norm = new_norm(config) if is_pre_norm else nn.Identity()
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.lm_head.weight = self.token_embedding.weight
        initialise(self, self._std)

    def _std(self, name: str, matrix: Tensor) -> float:
        """1/√inputs, so that sums start with variance 1; what a scale in the forward pass leaves to do is done here."""
        config, std = self.config, matrix.shape[1] ** -0.5
        if name == "token_embedding.weight" and config.embedding_scale == "output":
            return 1.0
        if name.endswith("positions.table.weight"):
            return config.d_model**-0.5  # a bias per head: its few columns say nothing about its size
        if name.endswith("q_proj.weight") and config.attention_scale is not None:
            return std * config.d_head**-0.5 / config.attention_scale
        return std

    def forward(
        self,
        source_ids: Int[Tensor, "B S"],
        target_ids: Int[Tensor, "B T"],
        source_mask: Bool[Tensor, "B S"] | None = None,
        maps: Maps | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Logits of the next target token at every position of the target, which begins with a start token.

        `source_mask` is True for tokens and False for padding. Padding at the end of the target needs no mask:
        nothing before it can see it.
        """
        return self.reading(source_ids, source_mask, maps)(target_ids)

    def encode(
        self,
        source_ids: Int[Tensor, "B S"],
        source_mask: Bool[Tensor, "B S"] | None = None,
        maps: list[Tensor] | None = None,
    ) -> Float[Tensor, "B S D"]:
        """One vector per source token, aware of all the others."""
        check_rows(source_ids, source_mask=source_mask)
        check_mask(source_mask)
        check_length(source_ids.shape[1], self.config)
        places = torch.arange(source_ids.shape[1], device=source_ids.device)
        look = look_both_ways(self.encoder_positions, places, source_mask, maps)
        x = self.encoder_positions.add_to_embeddings(self.embed(source_ids), places)
        for block in self.encoder_blocks:
            x = block(x, look)
        return self.encoder_norm(x)

    def embed(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        """The vectors of tokens, source or target, before positions."""
        x = embedded(self.token_embedding, ids)
        return x * math.sqrt(self.config.d_model) if self.config.embedding_scale == "input" else x

    def unembed(self, hidden: Float[Tensor, "B T D"]) -> Float[Tensor, "B T V"]:
        """Logits from the decoder's vectors."""
        if self.config.embedding_scale == "output":
            hidden = hidden / math.sqrt(self.config.d_model)
        return self.lm_head(hidden)

    def reading(
        self,
        source_ids: Int[Tensor, "B S"],
        source_mask: Bool[Tensor, "B S"] | None = None,
        maps: Maps | None = None,
    ) -> "Reading":
        """The decoder with these sources in mind: call it, or let `generate` write with it, as with any decoder."""
        memory = self.encode(source_ids, source_mask, maps.encoder if maps else None)
        return Reading(self, memory, source_mask, maps)

    @property
    def n_parameters(self) -> int:
        """How many numbers the model learns; the shared matrix counts once. Exact on the meta device too."""
        return n_parameters(self)


class Reading(nn.Module):
    """A batch of sources, read once: the cross-attention's keys and values stay the same for every token written."""

    def __init__(
        self,
        model: EncoderDecoder,
        memory: Float[Tensor, "B S D"],
        source_mask: Bool[Tensor, "B S"] | None = None,
        maps: Maps | None = None,
    ):
        super().__init__()
        self.model, self.config, self.source_mask, self.maps = model, model.config, source_mask, maps
        self.sources = [b.cross_attention.keys_values(memory) for b in model.modules() if isinstance(b, CrossBlock)]
        self.n_sources = memory.shape[0]
        self.training = model.training

    def forward(
        self,
        ids: Int[Tensor, "B T"],
        cache: KVCache | None = None,
        *,
        mask: Bool[Tensor, "*#B T S"] | None = None,
        positions: Int[Tensor, "*#B T"] | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Logits of the next token at every position; with a `cache` the ids are the new tokens only.

        A source may have several rows of `ids`, side by side: the beams of a search. `mask` and `positions` take
        the place of the causal mask and of the places after the cache, as in `Decoder`.
        """
        check_rows(ids)
        past = cache.length if cache else 0
        end = past + ids.shape[1]
        check_length(end, self.config)
        positions = torch.arange(past, end, device=ids.device) if positions is None else positions
        maps = self.maps.decoder if self.maps else None
        look = look_back(self.model.decoder_positions, positions, end, mask, maps)
        look_across = self._look_across(ids)
        x = self.model.decoder_positions.add_to_embeddings(self.model.embed(ids), positions)
        layers = cache.layers if cache else [None] * self.config.n_layers
        for block, (keys, values), layer in zip(self.model.decoder_blocks, self.sources, layers, strict=True):
            x = block(x, look, (self._for_rows(keys, ids), self._for_rows(values, ids)), look_across, layer)
        return self.model.unembed(self.model.decoder_norm(x))

    def _look_across(self, ids: Tensor) -> Look:
        """Every token of the target may look at every real token of its source."""
        mask = None if self.source_mask is None else seen_by_all(self._for_rows(self.source_mask, ids), ids.shape[1])
        return Look(mask=mask, is_causal=False, maps=self.maps.cross if self.maps else None)

    def _for_rows(self, of_sources: Tensor, ids: Tensor) -> Tensor:
        """What belongs to each source, once for every row that is written from it."""
        n_each, rest = divmod(ids.shape[0], self.n_sources)
        if rest or not n_each:
            raise ValueError(
                f"{self.n_sources} sources were read, so as many rows of target ids belong to them, or a multiple, "
                f"got {ids.shape[0]}"
            )
        return of_sources if n_each == 1 else of_sources.repeat_interleave(n_each, dim=0)

    def new_cache(self, batch: int = 1, capacity: int | None = None) -> KVCache:
        """An empty cache for what is written, for `capacity` positions (default: the context)."""
        weight, config = self.model.token_embedding.weight, self.config
        sizes = batch, config.n_kv_heads, capacity or config.context_length, config.d_head
        return KVCache([LayerCache(*sizes, device=weight.device, dtype=weight.dtype) for _ in range(config.n_layers)])


def transformer(d_model: int, n_heads: int) -> EncoderDecoderConfig:
    """A model of 2017: six blocks a side and one vocabulary of about 37,000 tokens for both languages."""
    return EncoderDecoderConfig(vocab_size=37000, context_length=512, d_model=d_model, n_layers=6, n_heads=n_heads)


def t5(d_model: int, n_layers: int, n_heads: int, d_head: int, d_ff: int) -> EncoderDecoderConfig:
    """A model of the T5 family, `n_layers` blocks a side. Texts had 512 tokens in training; the buckets go on."""
    return EncoderDecoderConfig(
        vocab_size=32128,
        context_length=512,
        d_model=d_model,
        n_layers=n_layers,
        n_heads=n_heads,
        d_head=d_head,
        d_ff=d_ff,
        norm="rms_norm",
        norm_eps=1e-6,
        norm_position="pre",
        positions="t5",
        attention_scale=1.0,
        bias=False,
        embedding_scale="output",
    )


ENCODER_DECODER_PRESETS = {
    "transformer-base": transformer(d_model=512, n_heads=8),
    "transformer-big": transformer(d_model=1024, n_heads=16),
    "t5-small": t5(d_model=512, n_layers=6, n_heads=8, d_head=64, d_ff=2048),
    "t5-base": t5(d_model=768, n_layers=12, n_heads=12, d_head=64, d_ff=3072),
    "t5-large": t5(d_model=1024, n_layers=24, n_heads=16, d_head=64, d_ff=4096),
    "t5-3b": t5(d_model=1024, n_layers=24, n_heads=32, d_head=128, d_ff=16384),
    "t5-11b": t5(d_model=1024, n_layers=24, n_heads=128, d_head=128, d_ff=65536),
}
