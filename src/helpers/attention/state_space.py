"""A selective state space (Mamba): each channel is a small memory that fades, and the token decides how fast.

The memory h follows h_t = decay_t · h_{t−1} + drive_t. With Δ, B and C computed from the token, decay = exp(Δ A) and
drive = Δ B u, so a large Δ forgets the past and takes the token in, and a Δ near 0 lets it pass by. The output reads
the memory through C. As in the authors' code, A is discretised exactly and B by Euler's rule (Δ B).

Names follow the paper: `in_proj`, `conv1d`, `x_proj` (to Δ, B, C), `dt_proj` (Δ), `A_log`, `D`, `out_proj`.

Source: Gu and Dao 2023, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", arXiv:2312.00752,
algorithm 2, equations 2 to 4, sections 3.4 (block) and 3.6 (initial values).
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad, silu, softplus


class SelectiveState(NamedTuple):
    """All that the layer remembers: the last inputs of the convolution, and the memory of every channel."""

    recent: Float[Tensor, "B I kept"]
    memory: Float[Tensor, "B I N"]


def scan_by_steps(
    decay: Float[Tensor, "B T I N"], drive: Float[Tensor, "B T I N"], memory: Float[Tensor, "B I N"]
) -> Float[Tensor, "B T I N"]:
    """The memory after every token, by the definition: fade, add, next."""
    memories = []
    for fade, add in zip(decay.unbind(1), drive.unbind(1), strict=True):  # decay[:, t] would cost T² going backward
        memory = fade * memory + add
        memories.append(memory)
    return torch.stack(memories, dim=1)


def scan_in_chunks(
    decay: Float[Tensor, "B T I N"],
    drive: Float[Tensor, "B T I N"],
    memory: Float[Tensor, "B I N"],
    chunk: int = 0,
) -> Float[Tensor, "B T I N"]:
    """The same memories in about 2√T steps: all chunks walk at once as if each began with an empty memory.

    It works because two steps are one step of the same kind, with the product of their decays. Products of numbers
    below 1 cannot overflow. A `chunk` of 0 stands for √T tokens.
    """
    n = decay.shape[1]
    chunk = chunk or max(1, math.isqrt(n))
    decay, drive = (pad(t, (0, 0, 0, 0, 0, -n % chunk)).unflatten(1, (-1, chunk)) for t in (decay, drive))
    empty = torch.zeros_like(drive[:, :, 0])
    kept = _scan_each(decay, torch.zeros_like(drive), empty + 1)
    alone = _scan_each(decay, drive, empty)
    ends = scan_by_steps(kept[:, :, -1], alone[:, :, -1], memory)
    starts = torch.cat([memory[:, None], ends[:, :-1]], dim=1)
    return (alone + kept * starts[:, :, None]).flatten(1, 2)[:, :n]


def _scan_each(
    decay: Float[Tensor, "B chunks T I N"],
    drive: Float[Tensor, "B chunks T I N"],
    memory: Float[Tensor, "B chunks I N"],
) -> Float[Tensor, "B chunks T I N"]:
    """Every chunk as a row of its own."""
    memories = scan_by_steps(decay.flatten(0, 1), drive.flatten(0, 1), memory.flatten(0, 1))
    return memories.unflatten(0, decay.shape[:2])


class SelectiveSSM(nn.Module):
    """Mamba's layer: widen, mix neighbours by a short convolution, remember selectively, gate, narrow.

    `expand` × `d_model` channels, each with `d_state` numbers of memory; `d_conv` neighbours; Δ is computed through
    `dt_rank` numbers, by default `d_model` / 16, rounded up.
    """

    def __init__(self, d_model: int, d_state: int = 16, d_conv: int = 4, expand: int = 2, dt_rank: int = 0):
        super().__init__()
        d_inner, dt_rank = expand * d_model, dt_rank or math.ceil(d_model / 16)
        self.sizes = (dt_rank, d_state, d_state)
        self.in_proj = nn.Linear(d_model, 2 * d_inner, bias=False)
        self.conv1d = nn.Conv1d(d_inner, d_inner, d_conv, groups=d_inner)
        self.x_proj = nn.Linear(d_inner, sum(self.sizes), bias=False)
        self.dt_proj = nn.Linear(dt_rank, d_inner)
        self.A_log = nn.Parameter(torch.arange(1.0, d_state + 1).log().repeat(d_inner, 1))  # A = −1 … −N: S4D-Real
        self.D = nn.Parameter(torch.ones(d_inner))
        self.out_proj = nn.Linear(d_inner, d_model, bias=False)
        self._spread_time_steps()

    @torch.no_grad()
    def _spread_time_steps(self, shortest: float = 0.001, longest: float = 0.1) -> None:
        """Let the channels begin with time steps Δ from 0.001 to 0.1, evenly spread by their logarithm."""
        steps = torch.empty_like(self.dt_proj.bias).uniform_(math.log(shortest), math.log(longest)).exp()
        self.dt_proj.bias.copy_(steps + torch.log(-torch.expm1(-steps)))  # the inverse of softplus

    def forward(
        self, x: Float[Tensor, "B T D"], state: SelectiveState | None = None
    ) -> tuple[Float[Tensor, "B T D"], SelectiveState]:
        """What each position makes of itself and of the memory before it, and the state with which the text can go
        on."""
        state = state or self.new_state(len(x))
        u, gate = self.in_proj(x).chunk(2, dim=-1)
        u, recent = self._mix_neighbours(u, state.recent)
        y, memory = self._remember(u, state.memory)
        return self.out_proj((y + self.D * u) * silu(gate)), SelectiveState(recent, memory)

    def _remember(
        self, u: Float[Tensor, "B T I"], memory: Float[Tensor, "B I N"]
    ) -> tuple[Float[Tensor, "B T I"], Float[Tensor, "B I N"]]:
        """What is read out of the memory after each token, and the memory after the last.

        The memories of all tokens at once are N times as large as the stream. So on a CPU a few tokens are taken at
        a time, which fit into its cache; a GPU waits for every step, so it takes many tokens and few steps.
        """
        scan, n_tokens = (scan_by_steps, 16) if u.device.type == "cpu" else (scan_in_chunks, 256)
        read = []
        for some in u.split(n_tokens, dim=1):
            decay, drive, readout = self.select(some)
            memories = scan(decay, drive, memory)
            memory = memories[:, -1]
            read.append((memories @ readout[..., None]).squeeze(-1))
        return torch.cat(read, dim=1), memory.clone()  # a view would keep all memories alive

    def _mix_neighbours(
        self, u: Float[Tensor, "B T I"], recent: Float[Tensor, "B I kept"]
    ) -> tuple[Float[Tensor, "B T I"], Float[Tensor, "B I kept"]]:
        """Each channel's weighted sum of its last inputs, the newest last in the kernel."""
        inputs = torch.cat([recent, u.transpose(1, 2)], dim=2)  # B I T+kept
        n_kept = recent.shape[2]
        return silu(self.conv1d(inputs)).transpose(1, 2), inputs[:, :, inputs.shape[2] - n_kept :].clone()

    def select(
        self, u: Float[Tensor, "B T I"]
    ) -> tuple[Float[Tensor, "B T I N"], Float[Tensor, "B T I N"], Float[Tensor, "B T N"]]:
        """What each token does to the memory: how much of it stays, what is added, and what is read out."""
        dt, B, C = self.x_proj(u).split(self.sizes, dim=-1)
        delta = softplus(self.dt_proj(dt))
        decay = (delta[..., None] * -self.A_log.exp()).exp()
        drive = (delta * u)[..., None] * B[:, :, None, :]
        return decay, drive, C

    def new_state(self, batch: int) -> SelectiveState:
        """The memory of no tokens, on this layer's device."""
        d_inner, d_state = self.A_log.shape
        kept = self.conv1d.kernel_size[0] - 1
        return SelectiveState(self.D.new_zeros(batch, d_inner, kept), self.D.new_zeros(batch, d_inner, d_state))
