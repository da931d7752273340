"""The encoder: every position looks at all others, before it and after it, so a word is read in its whole sentence.

Unlike the decoder it has no causal mask, so it cannot write from left to right; it learns by filling gaps (masked
language modelling) and by telling whether one passage follows another. This file follows BERT: norms after each
part and after the embeddings, learned positions, exact GELU, two segments. The paper leaves out the small layer
before the output, the pooler and the norms' ε of 1e-12: these follow the released checkpoints.

Source: Devlin et al. 2018, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
arXiv:1810.04805, section 3 and figure 2.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from helpers.attention.look import look_both_ways
from helpers.models.config import DecoderConfig
from helpers.models.decoder import Block
from helpers.models.initialise import initialise
from helpers.models.inputs import check_length, check_mask, check_rows, embedded
from helpers.models.parts import POSITIONS, new_norm
from helpers.positions import T5Bias
from helpers.runtime import n_parameters

BOTH_WAYS = POSITIONS | {"t5": lambda config: T5Bias(config.n_heads, is_bidirectional=True)}


def refuse_words(config: DecoderConfig, *names: str) -> None:
    """Raise if a configuration uses words that only the decoder knows."""
    for name in names:
        if getattr(config, name):
            raise ValueError(
                f"{name} is a word of the decoder alone, so leave it out here, got {getattr(config, name)}"
            )


@dataclass(frozen=True)
class EncoderConfig(DecoderConfig):
    """The decoder's words with BERT's defaults, and how many kinds of segment a text may have (BERT: A and B)."""

    norm_eps: float = 1e-12
    norm_position: str = "post"
    embedding_norm: bool = True
    mlp: str = "gelu_exact"
    n_segments: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_words(self, "parallel_residual", "window", "experts", "latent")
        if not self.tie_embeddings:
            raise ValueError("an encoder's output head reuses its embedding, so tie_embeddings must stay True")


class Encoder(nn.Module):
    """Reads a text, or two, into one vector per token. It predicts nothing by itself: heads do."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions = BOTH_WAYS[config.positions](config)
        self.segment_embedding = nn.Embedding(config.n_segments, config.d_model)
        self.embedding_norm = new_norm(config) if config.embedding_norm else nn.Identity()
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.final_norm = new_norm(config) if config.norm_position == "pre" else nn.Identity()
        self.pooler = nn.Linear(config.d_model, config.d_model)
        initialise(self, same_std)

    def forward(
        self,
        ids: Int[Tensor, "B T"],
        segments: Int[Tensor, "B T"] | None = None,
        mask: Bool[Tensor, "B T"] | None = None,
        maps: list[Tensor] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """One vector per token, aware of all the others.

        `segments` says which of the two texts a token belongs to (0 or 1; left out: all 0). `mask` is True for
        tokens and False for padding; what comes out at padding means nothing. A list given as `maps` receives
        each layer's attention weights, B H T S.
        """
        check_rows(ids, segments=segments, mask=mask)
        check_mask(mask)
        check_length(ids.shape[1], self.config)
        places = torch.arange(ids.shape[1], device=ids.device)
        look = look_both_ways(self.positions, places, mask, maps)
        x = self._embed(ids, torch.zeros_like(ids) if segments is None else segments, places)
        for block in self.blocks:
            x = block(x, look)
        return self.final_norm(x)

    def _embed(
        self, ids: Int[Tensor, "B T"], segments: Int[Tensor, "B T"], places: Int[Tensor, " T"]
    ) -> Float[Tensor, "B T D"]:
        x = embedded(self.token_embedding, ids) + embedded(self.segment_embedding, segments, "segments")
        return self.embedding_norm(self.positions.add_to_embeddings(x, places))

    def pooled(self, hidden: Float[Tensor, "B T D"]) -> Float[Tensor, "B D"]:
        """One vector for the whole text, from the vector at its first token, [CLS]."""
        return torch.tanh(self.pooler(hidden[:, 0]))

    @property
    def n_parameters(self) -> int:
        """How many numbers the encoder learns, pooler included. Exact on the meta device too."""
        return n_parameters(self)


class MaskedLanguageModel(nn.Module):
    """BERT as it is trained: which token stood in each gap, and whether the second text follows the first.

    Source: Devlin et al. 2018, section 3.1, tasks 1 and 2.
    """

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.head_dense = nn.Linear(config.d_model, config.d_model)
        self.head_norm = new_norm(config)
        self.head_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.next_sentence = nn.Linear(config.d_model, 2)
        initialise(self, same_std)

    def forward(
        self,
        ids: Int[Tensor, "B T"],
        segments: Int[Tensor, "B T"] | None = None,
        mask: Bool[Tensor, "B T"] | None = None,
        maps: list[Tensor] | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Logits of the token that stands at each position; worth reading where `ids` hides it behind [MASK]."""
        return self.token_logits(self.encoder(ids, segments, mask, maps))

    def token_logits(self, hidden: Float[Tensor, "B T D"]) -> Float[Tensor, "B T V"]:
        """The same from the encoder's vectors: the embedding matrix, used again, and a bias per token."""
        x = self.head_norm(nn.functional.gelu(self.head_dense(hidden)))
        return nn.functional.linear(x, self.encoder.token_embedding.weight, self.head_bias)

    def next_sentence_logits(self, hidden: Float[Tensor, "B T D"]) -> Float[Tensor, "B 2"]:
        """Two scores per row: the second segment follows the first (0), or was drawn from elsewhere (1)."""
        return self.next_sentence(self.encoder.pooled(hidden))

    @property
    def n_parameters(self) -> int:
        """How many numbers the encoder and its two heads learn; the embedding matrix counts once."""
        return n_parameters(self)


def same_std(name: str, matrix: Tensor) -> float:
    """BERT's start: 0.02 for every matrix."""
    return 0.02


def bert(d_model: int, n_layers: int, n_heads: int, vocab_size: int = 30522) -> EncoderConfig:
    """A model of the BERT family."""
    return EncoderConfig(vocab_size, context_length=512, d_model=d_model, n_layers=n_layers, n_heads=n_heads)


ENCODER_PRESETS = {
    "bert-base": bert(d_model=768, n_layers=12, n_heads=12),
    "bert-large": bert(d_model=1024, n_layers=24, n_heads=16),
    "bert-base-chinese": bert(d_model=768, n_layers=12, n_heads=12, vocab_size=21128),
}
