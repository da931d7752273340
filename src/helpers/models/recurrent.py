"""Language models with a memory of fixed size: reading a token costs the same at the start of a book and at its end.

Where the decoder keeps keys and values of every past token, these keep one state per layer. There is no context
length and nothing to run out of, but what the state has let go is gone.

Two ways to keep a memory: "linear_attention" adds every token to it; in "selective_ssm" (Mamba) the token decides what
fades and what is taken in. Mamba's block has no feed-forward network of its own: its layer is widened and gated.

Source: Katharopoulos et al. 2020, "Transformers are RNNs", arXiv:2006.16236, section 3.4;
Gu and Dao 2023, "Mamba", arXiv:2312.00752, section 3.4 and figure 3.
"""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.attention.linear import LinearAttention
from helpers.attention.multi_head import head_size
from helpers.attention.state_space import SelectiveSSM
from helpers.layers import MLPS, NORMS
from helpers.models.inputs import check_rows, embedded
from helpers.runtime import n_parameters


@dataclass(frozen=True)
class RecurrentConfig:
    """Everything that must be known to build a recurrent model. Frozen, and checked when it is made.

    `n_heads` is a size of linear attention; `d_state`, `d_conv` and `expand` are sizes of the selective state space.
    `d_ff` of None stands for 4 × `d_model` beside linear attention, and for no feed-forward network (0) beside a
    selective state space.
    """

    vocab_size: int
    d_model: int
    n_layers: int
    mixer: str = "selective_ssm"
    n_heads: int = 4
    d_state: int = 16
    d_conv: int = 4
    expand: int = 2
    d_ff: int | None = None
    mlp: str = "gelu"
    norm_eps: float = 1e-5
    tie_embeddings: bool = True

    def __post_init__(self) -> None:
        words: dict[str, Collection[str]] = {"mixer": MIXERS, "mlp": MLPS}
        for name, known in words.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(sorted(known))}, got {getattr(self, name)!r}")
        if self.d_ff is None:
            object.__setattr__(self, "d_ff", 4 * self.d_model if self.mixer == "linear_attention" else 0)
        for name, value in vars(self).items():
            if type(value) is int and value < (name != "d_ff"):
                raise ValueError(f"{name} counts something, so it must be at least 1, got {value}")
        if self.mixer == "linear_attention":
            head_size(self.d_model, self.n_heads)

    @property
    def context_length(self) -> int:
        """There is no limit: the largest number of tokens that a list can hold."""
        return sys.maxsize


MIXERS: dict[str, Callable[[RecurrentConfig], LinearAttention | SelectiveSSM]] = {
    "linear_attention": lambda config: LinearAttention(config.d_model, config.n_heads),
    "selective_ssm": lambda config: SelectiveSSM(config.d_model, config.d_state, config.d_conv, config.expand),
}


class RecurrentCache:
    """The states of all layers after `length` tokens. Unlike a `KVCache` it is as large after the last token as before
    the first."""

    def __init__(self, states: list[Any]):
        self.states, self.length = states, 0

    @property
    def n_bytes(self) -> int:
        """Bytes of all states."""
        return sum(t.numel() * t.element_size() for state in self.states for t in state)

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep these rows of the batch, in this order; a row may be named twice (beam search does)."""
        self.states = [type(state)(*(t[rows] for t in state)) for state in self.states]

    def cut(self, length: int) -> None:
        """Forget what came after the first `length` tokens: not possible here, unless nothing did."""
        if length != self.length:
            raise ValueError(
                f"a state of fixed size cannot take tokens back: it has read {self.length} and cannot go to {length}. "
                f"Read the first {length} again with a new cache, or use a decoder"
            )


class RecurrentBlock(nn.Module):
    """Exchange with the past through a state, then feed-forward if there is one. Each adds to the stream."""

    def __init__(self, config: RecurrentConfig):
        super().__init__()
        self.mixer_norm = NORMS["rms_norm"](config.d_model, eps=config.norm_eps)
        self.mixer = MIXERS[config.mixer](config)
        self.mlp: nn.Module | None = None
        if config.d_ff:
            self.mlp_norm = NORMS["rms_norm"](config.d_model, eps=config.norm_eps)
            self.mlp = MLPS[config.mlp](config.d_model, config.d_ff, False)

    def forward(self, x: Float[Tensor, "B T D"], state: Any = None) -> tuple[Float[Tensor, "B T D"], Any]:
        """The stream after this block, and the state after the last token."""
        mixed, state = self.mixer(self.mixer_norm(x), state)
        x = x + mixed
        if self.mlp is not None:
            x = x + self.mlp(self.mlp_norm(x))
        return x, state

    def new_state(self, batch: int) -> Any:
        """The state after no tokens."""
        return self.mixer.new_state(batch)


class RecurrentDecoder(nn.Module):
    """A language model whose memory of the past has one size: for every position, what is likely to come next."""

    def __init__(self, config: RecurrentConfig):
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(RecurrentBlock(config) for _ in range(config.n_layers))
        self.final_norm = NORMS["rms_norm"](config.d_model, eps=config.norm_eps)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.lm_head.weight = self.token_embedding.weight
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        """Normal(0, 0.02) for the embeddings; what writes into the stream is shrunk as in GPT-2; else torch's own."""
        writes = ("o_proj.weight", "out_proj.weight", "down_proj.weight")
        writers = [parameter for name, parameter in self.named_parameters() if name.endswith(writes)]
        for parameter in writers:
            parameter.mul_(len(writers) ** -0.5)
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.lm_head.weight, std=0.02)

    def forward(self, ids: Int[Tensor, "B T"], cache: RecurrentCache | None = None) -> Float[Tensor, "B T V"]:
        """Logits of the next token at every position. With a `cache` the ids are the new tokens only."""
        check_rows(ids)
        return self.lm_head(self.hidden(embedded(self.token_embedding, ids), cache))

    def hidden(self, x: Float[Tensor, "B T D"], cache: RecurrentCache | None = None) -> Float[Tensor, "B T D"]:
        """What the model knows at every position, from any embeddings."""
        states = cache.states if cache else [None] * len(self.blocks)
        for layer, block in enumerate(self.blocks):
            x, states[layer] = block(x, states[layer])
        if cache:
            cache.length += x.shape[1]
        return self.final_norm(x)

    def new_cache(self, batch: int = 1, capacity: int | None = None) -> RecurrentCache:
        """The states of no tokens. They do not grow, so `capacity`, which a `KVCache` needs, changes nothing."""
        return RecurrentCache([block.new_state(batch) for block in self.blocks])  # type: ignore[operator]

    @property
    def n_parameters(self) -> int:
        """How many numbers the model learns; a tied matrix counts once. Exact on the meta device too."""
        return n_parameters(self)
