"""Attention: the formula, the groups, the order of the parts."""

import torch

from helpers.attention import MultiHeadAttention, attend, attention_weights
from helpers.attention.multi_head import head_size
from helpers.ledger.memory import decoder
from helpers.ledger.number import Number
from helpers.positions import SinusoidalPositions


def formula() -> list[Number]:
    """softmax(QKᵀ/√d) V against PyTorch's own."""
    q, k, v = torch.randn(3, 1, 6, 8, generator=torch.Generator().manual_seed(0))
    torchs = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    difference = float((attend(q, k, v) - torchs).abs().max())
    return [Number("largest difference between the formula and PyTorch", difference, 0, "", 1e-5)]


def heads_share_the_width() -> list[Number]:
    """Width of a head: the model's over their number."""
    sizes = {"gpt2": 64, "gpt3-175b": 128}
    return [
        Number(f"{name}, width of a head", head_size(decoder(name).d_model, decoder(name).n_heads), d)
        for name, d in sizes.items()
    ]


def groups() -> list[Number]:
    """The article's formula and the groups that a layer has, for 32 heads and 8 key/value heads."""
    layer = MultiHeadAttention(d_model=64, n_heads=32, n_kv_heads=8)
    keys, _ = layer.keys_values(torch.zeros(1, 1, 64))
    return [
        Number("the printed formula, 32 // 8", 32 // 8, 4, "queries per group"),
        Number("groups of keys that the layer makes", keys.shape[1], 8),
    ]


def positions_come_too_late() -> list[Number]:
    """Six tokens in another order: whose attention output changes, without positions and with them put in before."""
    draw = torch.Generator().manual_seed(0)
    x, order = torch.randn(1, 6, 16, generator=draw), torch.randperm(6, generator=draw)
    positions = SinusoidalPositions(context_length=6, d_model=16)

    def changed(is_before: bool) -> int:
        def look(tokens: torch.Tensor) -> torch.Tensor:
            seen = positions.add_to_embeddings(tokens, torch.arange(6)) if is_before else tokens
            return attend(seen, seen, seen)

        difference = look(x[:, order]) - look(x)[:, order]
        return int((difference.abs().amax(-1) > 1e-3).sum())

    return [
        Number("tokens of 6 whose output notices a new order, positions added later", changed(False), 0),
        Number("tokens of 6 whose output notices a new order, positions added before", changed(True), 6),
    ]


def scores_grow_with_the_square() -> list[Number]:
    """Scores of a text and of one twice as long."""
    n = [attention_weights(x, x).numel() for x in (torch.zeros(1, length, 4) for length in (100, 200))]
    return [Number("scores, for a text twice as long", n[1] / n[0], 4, "times as many")]


def tokens_without_a_cache() -> list[Number]:
    """Tokens that the article's loop reads to write 100 after a prompt of 10; with a cache each is read once."""
    read = sum(10 + written for written in range(100))
    return [
        Number("tokens read by the printed loop for 100 new ones", read, 5950),
        Number("with a cache", 10 + 99, 109),
    ]
