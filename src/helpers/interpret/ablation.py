"""Taking heads out: what a head is for shows in what goes wrong without it.

Heads add up: the output matrix gives each head its own columns, so what a layer writes into the stream is a sum with
one term a head. A head is taken out by putting something else in the place of what it found: nothing (zero ablation),
or what it finds on the average (mean ablation), which leaves the later layers with inputs of the usual size.

Source: Michel et al. 2019, "Are Sixteen Heads Really Better than One?", arXiv:1905.10650, section 2.3 (zero);
Wang et al. 2022, "Interpretability in the Wild", arXiv:2211.00593, section 2.1 (why the mean is the fairer one).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from helpers.models.decoder import Block, Decoder

Head = tuple[int, int]  # layer, head; both counted from 0


@contextmanager
def without_heads(
    model: Decoder, heads: Iterable[Head], instead: Float[Tensor, "L H d"] | None = None
) -> Iterator[None]:
    """Inside the `with` block these heads find nothing, or the same thing `instead` at every place."""
    chosen = set(heads)
    check_heads_exist(model, chosen)
    with ExitStack() as hooks:
        for layer, o_proj in enumerate(output_matrices(model)):
            own = [head for at, head in chosen if at == layer]
            if own:
                found = 0.0 if instead is None else instead[layer, own]
                hook = o_proj.register_forward_pre_hook(_replacing(own, found, model.config.n_heads))
                hooks.callback(hook.remove)
        yield


def _replacing(own: list[int], found: Float[Tensor, "own d"] | float, n_heads: int) -> Callable[..., Any]:
    def replace(part: object, given: tuple[Float[Tensor, "B T width"]]) -> Float[Tensor, "B T width"]:
        heads = given[0].unflatten(-1, (n_heads, -1)).clone()
        heads[..., own, :] = found
        return heads.flatten(-2)

    return replace


def output_matrices(model: Decoder) -> list[nn.Linear]:
    """Of each layer the matrix that mixes what its heads found."""
    return [cast(Block, block).attention.o_proj for block in model.blocks]


def check_heads_exist(model: Decoder, heads: Iterable[Head]) -> None:
    """Raise unless the model has every one of these heads."""
    n_layers, n_heads = model.config.n_layers, model.config.n_heads
    for layer, head in heads:
        if not (0 <= layer < n_layers and 0 <= head < n_heads):
            raise ValueError(f"a head is (layer, head), from (0, 0) to {n_layers - 1, n_heads - 1}, got {layer, head}")


@torch.inference_mode()
def found_by_heads(model: Decoder, ids: Int[Tensor, "B T"]) -> Float[Tensor, "L B T H d"]:
    """What each head hands to the output matrix at each place: its average of values."""
    found: list[Tensor] = []
    with ExitStack() as hooks:
        for o_proj in output_matrices(model):
            hook = o_proj.register_forward_pre_hook(lambda part, given: found.append(given[0]))
            hooks.callback(hook.remove)
        model(ids)
    return torch.stack(found).unflatten(-1, (model.config.n_heads, -1))
