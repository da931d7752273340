"""What the ways to say positions do, and where they end."""

import math

import torch

from helpers.ledger.memory import decoder
from helpers.ledger.number import Number
from helpers.models import Decoder
from helpers.positions import LearnedPositions, T5Bias
from helpers.positions.alibi import alibi_slopes
from helpers.positions.rope import apply_rope, rope_angles, rope_frequencies
from helpers.positions.t5_bias import t5_bucket


def n_rows(name: str) -> int:
    """Rows of a preset's table of positions."""
    with torch.device("meta"):
        positions = Decoder(decoder(name)).positions
    assert isinstance(positions, LearnedPositions), name
    return positions.table.num_embeddings


def gpt_is_absolute() -> list[Number]:
    """A learned row for every position, in all three."""
    stated = {"gpt1": 512, "gpt2": 1024, "gpt3-small": 2048}
    return [Number(f"{name}, learned positions", n_rows(name), n) for name, n in stated.items()]


def the_table_ends() -> list[Number]:
    """GPT-2's table has no row for position 1,024, counted from 0."""
    return [Number("GPT-2, learned positions", n_rows("gpt2"), 1024)]


def rope_sees_distance_only() -> list[Number]:
    """Query and key move on by 1,000 positions together: how much their score changes."""
    draw = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 1, 128, generator=draw, dtype=torch.float64)
    speeds = rope_frequencies(128).double()

    def score(position_q: int, position_k: int) -> float:
        turned = [
            apply_rope(x, rope_angles(torch.tensor([at]), speeds)) for x, at in ((q, position_q), (k, position_k))
        ]
        return float(turned[0] @ turned[1].T)

    change = max(abs(score(m, n) - score(m + 1000, n + 1000)) for m, n in ((5, 3), (700, 20), (2047, 0)))
    return [Number("largest change of a score when both move by 1,000", change, 0, "", 1e-10)]


def rope_pairs_that_never_turn() -> list[Number]:
    """Pairs of LLaMA 1 that meet, beyond the trained length, angles they have never had."""
    config = decoder("llama-1-7b")
    periods = 2 * math.pi / rope_frequencies(config.d_head, config.rope_base)
    slow = int((periods > config.context_length).sum())
    return [Number("pairs of 64 that finish no turn in 2,048 tokens", slow, 23)]


def neox_turns_a_quarter() -> list[Number]:
    """Components of each head that GPT-NeoX turns."""
    config = decoder("gpt-neox-20b")
    return [Number("GPT-NeoX, components turned of 96 in a head", config.rope_fraction * config.d_head, 24)]


def t5_buckets() -> list[Number]:
    """What T5's bias holds, and where its buckets end: an encoder keeps half of them for what comes after."""
    past = -torch.arange(1000)
    decoder_last = int((t5_bucket(past) == 31).nonzero()[0])
    encoder_last = int((t5_bucket(past, is_bidirectional=True) == 15).nonzero()[0])
    return [
        Number("T5, numbers per head", T5Bias(n_heads=1).table.weight.numel(), 32),
        Number("T5's encoder, distance at which the last bucket begins", encoder_last, 91, "tokens"),
        Number("T5's decoder, distance at which the last bucket begins", decoder_last, 113, "tokens"),
    ]


def alibi_slopes_of(n_heads: int) -> list[float]:
    """The slopes, steepest first."""
    return sorted(alibi_slopes(n_heads).tolist(), reverse=True)


def alibi_fixed() -> list[Number]:
    """The slopes of eight heads and of BLOOM's 112."""
    eight, bloom = alibi_slopes_of(8), alibi_slopes_of(decoder("bloom-176b").n_heads)
    return [
        Number("8 heads, steepest slope", eight[0], 1 / 2),
        Number("8 heads, flattest slope", eight[-1], 1 / 256),
        Number("BLOOM, slopes", len(bloom), 64 + 48),
        Number("BLOOM, steepest slope", bloom[0], 0.958, "", 0.0005),
        Number("BLOOM, flattest slope", bloom[-1], 0.0039, "", 0.00005),
    ]


def alibi_prefers_the_near() -> list[Number]:
    """A key 1,000 tokens back, in the flattest of eight heads."""
    cost = 1000 * alibi_slopes_of(8)[-1]
    return [
        Number("what 1,000 tokens of distance cost", cost, 3.91, "nats", 0.005),
        Number("what is left of the key's weight", math.exp(-cost), 0.02, "", 0.0005),
    ]
