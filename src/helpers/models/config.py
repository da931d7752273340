"""A model described by words and sizes. The way from GPT to LLaMA is a handful of changes to one of these."""

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from helpers.attention.multi_head import check_heads, head_size
from helpers.layers import MLPS, NORMS
from helpers.layers.experts import scoring_rule
from helpers.positions.rope import RopeScaling
from helpers.positions.rope_pairing import PAIRINGS
from helpers.positions.rope_scaling import LinearScaling, Llama3Scaling, NtkScaling, YarnScaling

POSITION_WORDS = ("none", "learned", "sinusoidal", "t5", "alibi", "rope")
WORDS: dict[str, Collection[str]] = {
    "norm": NORMS,
    "norm_position": ("pre", "post"),
    "positions": POSITION_WORDS,
    "rope_pairing": PAIRINGS,
    "mlp": MLPS,
}


@dataclass(frozen=True)
class ExpertsConfig:
    """A mixture of experts in place of the feed-forward network: `n_active` of `n_experts` work on each token.

    `n_shared` experts work on every token besides. Every `every`-th block has experts (2: the second, the fourth, …),
    but the first `n_dense_first` blocks have none. `d_ff` is one expert's width; 0 follows the decoder's. `scoring`
    says how the router's scores become weights.
    """

    n_experts: int
    n_active: int
    d_ff: int = 0
    n_shared: int = 0
    scoring: str = "softmax"
    every: int = 1
    n_dense_first: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.n_active <= self.n_experts:
            raise ValueError(f"n_active must be from 1 to n_experts, got {self.n_active=} and {self.n_experts=}")
        if self.every < 1:
            raise ValueError(f"every counts blocks from one with experts to the next, so at least 1, got {self.every}")
        scoring_rule(self.scoring)
        if min(self.d_ff, self.n_shared, self.n_dense_first) < 0:
            raise ValueError(f"widths and counts are not negative, got {self}")

    def is_at(self, layer: int) -> bool:
        """Whether the block of this number, counted from 0, has experts."""
        return layer >= self.n_dense_first and (layer + 1) % self.every == 0


@dataclass(frozen=True)
class LatentConfig:
    """Latent attention's sizes: the ranks of queries and of keys and values, and the widths of one head's parts."""

    q_rank: int
    kv_rank: int
    d_nope: int
    d_rope: int
    d_value: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"{name} is a size, so it must be at least 1, got {value}")


def usual_d_ff(mlp: str, d_model: int) -> int:
    """The width of a feed-forward network: 4 × the model's. A gated one has a third matrix, so 2/3 of that, rounded up
    to a multiple of 256 as in LLaMA: about as many parameters either way."""
    return 256 * math.ceil(8 * d_model / 3 / 256) if mlp == "swiglu" else 4 * d_model


Config = TypeVar("Config", bound="DecoderConfig")  # a changed configuration is of the kind it was


@dataclass(frozen=True)
class DecoderConfig:
    """Everything that must be known to build a decoder. Frozen, and checked when it is made.

    Sizes left at 0 follow from the others: `n_kv_heads` is `n_heads`, `d_head` is `d_model` / `n_heads`, `d_ff`
    is 4 × `d_model`, or for a gated network two thirds of it, rounded up to a multiple of 256 (LLaMA's rule).
    `norm_position` says whether a block normalises before each part ("pre", GPT-2 on) or after it ("post", the
    Transformer of 2017 and GPT-1); with `parallel_residual` both parts of a block read the same stream (GPT-NeoX).
    `window` limits how far back a position sees, itself included; 0 is no limit. `qkv_bias` follows `bias`. Scores are
    divided by √`d_head` unless an `attention_scale` is given. `latent` attention has sizes of its own.
    """

    vocab_size: int
    context_length: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int = 0
    d_head: int = 0
    d_ff: int = 0
    norm: str = "layer_norm"
    norm_eps: float = 1e-5
    norm_position: str = "pre"
    parallel_residual: bool = False
    embedding_norm: bool = False
    positions: str = "learned"
    rope_base: float = 10_000.0
    rope_fraction: float = 1.0
    rope_pairing: str = "half"
    rope_scaling: RopeScaling | None = None
    qk_norm: bool = False
    attention_scale: float | None = None
    window: int = 0
    mlp: str = "gelu"
    experts: ExpertsConfig | None = None
    latent: LatentConfig | None = None
    bias: bool = True
    qkv_bias: bool | None = None
    tie_embeddings: bool = True

    def __post_init__(self) -> None:
        self._check_words()
        self._check_sizes()
        if self.latent:
            self._check_latent(self.latent)
            self._set("d_head", self.latent.d_nope + self.latent.d_rope)
        self._set("n_kv_heads", self.n_kv_heads or self.n_heads)
        self._set("d_head", self.d_head or head_size(self.d_model, self.n_heads))
        self._set("d_ff", self.d_ff or usual_d_ff(self.mlp, self.d_model))
        self._set("qkv_bias", self.bias if self.qkv_bias is None else self.qkv_bias)
        check_heads(self.n_heads, self.n_kv_heads)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # the way into a frozen dataclass, while it is made

    def _check_latent(self, latent: LatentConfig) -> None:
        """Latent attention has its own sizes and no biases; a word it would not hear is refused."""
        unheard = {
            "n_kv_heads": self.n_kv_heads not in (0, self.n_heads),
            "d_head": self.d_head not in (0, latent.d_nope + latent.d_rope),
            "qk_norm": self.qk_norm,
            "attention_scale": self.attention_scale is not None,
            "bias": self.bias,
            "positions": self.positions not in ("rope", "none"),
        }
        for name, is_unheard in unheard.items():
            if is_unheard:
                raise ValueError(f"latent attention has its own way, so leave {name} out, got {getattr(self, name)!r}")

    def _check_sizes(self) -> None:
        follow = {"n_kv_heads", "d_head", "d_ff", "window"}
        for name, value in ((f.name, getattr(self, f.name)) for f in fields(self) if f.type is int):
            least = 0 if name in follow else 1
            if type(value) is not int or value < least:
                raise ValueError(f"{name} counts something: a whole number of at least {least}, got {value!r}")
        if not 0 < self.rope_fraction <= 1:
            raise ValueError(f"rope_fraction is a part of the head, above 0 and up to 1, got {self.rope_fraction}")
        if self.norm_eps < 0:
            raise ValueError(f"norm_eps keeps a root from 0, so it must not be negative, got {self.norm_eps}")

    def _check_words(self) -> None:
        for name, words in WORDS.items():
            word = getattr(self, name)
            if word not in words:
                raise ValueError(f"{name} must be one of {', '.join(sorted(words))}, got {word!r}")
        if self.parallel_residual and self.norm_position != "pre":
            raise ValueError("parallel_residual needs norm_position 'pre': both parts read the normalised stream")

    def but(self: Config, **changes: object) -> Config:
        """The same configuration with some words or sizes changed.

        Derived sizes follow: a new `d_model` or `mlp` brings a new `d_ff` if the old one was the usual one.
        """
        follow = {
            "d_ff": self.d_ff == usual_d_ff(self.mlp, self.d_model),
            "d_head": self.latent is not None or self.d_head * self.n_heads == self.d_model,
            "n_kv_heads": self.n_kv_heads == self.n_heads,
        }
        derived: dict[str, object] = {name: 0 for name, is_derived in follow.items() if is_derived}
        if self.qkv_bias == self.bias:
            derived["qkv_bias"] = None
        return replace(self, **(derived | changes))  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON can hold it; a part that is a configuration itself says of what kind it is."""
        return {
            name: {"kind": type(value).__name__} | asdict(value) if type(value).__name__ in KINDS else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_dict(cls: type[Config], words: dict[str, Any]) -> Config:
        """What `to_dict` was made from. A field that is missing, as in older files, has its default."""
        return cls(**{name: part(value) if isinstance(value, dict) else value for name, value in words.items()})


KINDS = {
    kind.__name__: kind
    for kind in (ExpertsConfig, LatentConfig, RopeScaling, LinearScaling, NtkScaling, YarnScaling, Llama3Scaling)
}


def part(fields: dict[str, Any]) -> Any:
    """A part of a configuration from its kind and its fields."""
    kind, rest = fields.get("kind"), {name: value for name, value in fields.items() if name != "kind"}
    if kind not in KINDS:
        raise ValueError(f"the kind of a part must be one of {', '.join(KINDS)}, got {kind!r}")
    return KINDS[kind](**rest)
