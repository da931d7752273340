"""A model described by words and sizes. The way from GPT to LLaMA is a handful of changes to one of these."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from helpers.attention.multi_head import check_heads
from helpers.layers import MLPS, NORMS
from helpers.positions import POSITIONS

WORDS: dict[str, Mapping[str, type]] = {"norm": NORMS, "positions": POSITIONS, "mlp": MLPS}


@dataclass(frozen=True)
class DecoderConfig:
    """Everything that must be known to build a decoder. Frozen, and checked when it is made.

    `d_ff` and `n_kv_heads` follow from the other sizes when they are left out: 4 × `d_model`, and `n_heads`.
    `norm_position` says whether a block normalises before each part ("pre", GPT-2 on) or after it ("post",
    the Transformer of 2017 and GPT-1).
    """

    vocab_size: int
    context_length: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int = 0
    d_ff: int = 0
    norm: str = "layer_norm"
    norm_position: str = "pre"
    positions: str = "learned"
    mlp: str = "gelu"
    bias: bool = True
    tie_embeddings: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_kv_heads", self.n_kv_heads or self.n_heads)
        object.__setattr__(self, "d_ff", self.d_ff or 4 * self.d_model)
        self._check_sizes()
        self._check_words()

    def _check_sizes(self) -> None:
        for name, value in vars(self).items():
            if type(value) is int and value < 1:
                raise ValueError(f"{name} counts something, so it must be at least 1, got {value}")
        check_heads(self.d_model, self.n_heads, self.n_kv_heads)

    def _check_words(self) -> None:
        for name, parts in WORDS.items():
            word = getattr(self, name)
            if word not in parts:
                raise ValueError(f"{name} must be one of {', '.join(sorted(parts))}, got {word!r}")
        if self.norm_position not in ("pre", "post"):
            raise ValueError(f"norm_position must be 'pre' or 'post', got {self.norm_position!r}")

    @property
    def d_head(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.n_heads

    def but(self, **changes: object) -> "DecoderConfig":
        """The same configuration with some words or sizes changed.

        Derived sizes follow: a new `d_model` brings a new `d_ff` if `d_ff` was 4 × the old one.
        """
        if "d_model" in changes and "d_ff" not in changes and self.d_ff == 4 * self.d_model:
            changes["d_ff"] = 0
        if "n_heads" in changes and "n_kv_heads" not in changes and self.n_kv_heads == self.n_heads:
            changes["n_kv_heads"] = 0
        return replace(self, **changes)  # type: ignore[arg-type]
