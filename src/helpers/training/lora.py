"""Low-rank adaptation: a weight matrix stays as it is, and learns only a difference of small rank.

W x becomes W x + (α/r) B A x with A of r rows and B of r columns, so a matrix of d_out × d_in has r (d_in + d_out)
numbers to learn. B begins at zero: at the start nothing has changed. After training B A is added to W, and the model
costs what it cost before.

Convention: entries of A are drawn with variance 1/d_in, so A x has the size of x; the paper says Gaussian and no more.
AdamW of this book does not pull A and B towards zero: they are differences, and α/r already keeps them small.

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685, section 4.1, equation 3.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

TARGETS = ("q_proj", "v_proj")  # the paper's choice in its section 5


class LoRALinear(nn.Linear):
    """A linear layer that is frozen, with a difference of rank r that learns.

    Its `weight` and `bias` are those of the layer it takes the place of, under the same names.
    """

    def __init__(self, linear: nn.Linear, rank: int, alpha: float):
        if not 1 <= rank <= min(linear.weight.shape):
            raise ValueError(
                f"the rank of a difference goes from 1 to the smaller side of its matrix, got {rank=} for "
                f"{linear.out_features} × {linear.in_features}"
            )
        nn.Module.__init__(self)  # the layer's own initialisation would draw weights that nobody needs
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight, self.bias = linear.weight, linear.bias
        d_out, d_in = linear.weight.shape
        self.A = nn.Parameter(linear.weight.new_empty(rank, d_in).normal_(std=d_in**-0.5))
        self.B = nn.Parameter(linear.weight.new_zeros(d_out, rank))
        self.scale, self.is_merged = alpha / rank, False

    def forward(self, x: Float[Tensor, "*lead D"]) -> Float[Tensor, "*lead N"]:
        """The layer's own output and, unless it is merged, the difference."""
        y = super().forward(x)
        return y if self.is_merged else y + self.scale * (x @ self.A.T @ self.B.T)

    @property
    def difference(self) -> Float[Tensor, "N D"]:
        """What is learned, as one matrix of rank r at most."""
        return self.scale * self.B @ self.A

    @torch.no_grad()
    def merge(self) -> None:
        """Add the difference to the weight: the layer is as quick as a plain one."""
        if not self.is_merged:
            self.weight += self.difference
            self.is_merged = True

    @torch.no_grad()
    def unmerge(self) -> None:
        """Take the difference out of the weight again, up to rounding."""
        if self.is_merged:
            self.weight -= self.difference
            self.is_merged = False


def add_lora(model: nn.Module, rank: int, alpha: float, targets: Collection[str] = TARGETS) -> None:
    """Freeze the model and give every linear layer whose name is among the targets a difference that learns."""
    places = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if name in targets and isinstance(child, nn.Linear)
    ]
    if not places or any(isinstance(child, LoRALinear) for _, _, child in places):
        names = sorted({path.rpartition(".")[2] for path, m in model.named_modules() if isinstance(m, nn.Linear)})
        raise ValueError(
            f"targets name plain linear layers of the model, which has {', '.join(names) or 'none'}; got {targets}"
            + (", where LoRA stands already: begin from a fresh model" if places else "")
        )
    model.requires_grad_(False)
    for parent, name, child in places:
        setattr(parent, name, LoRALinear(child, rank, alpha))


def adapters(model: nn.Module) -> Iterator[tuple[str, LoRALinear]]:
    """Each adapted layer of a model, with its path."""
    return ((path, layer) for path, layer in model.named_modules() if isinstance(layer, LoRALinear))


def merge_lora(model: nn.Module) -> None:
    """Add all differences to their weights."""
    for _, layer in adapters(model):
        layer.merge()


def unmerge_lora(model: nn.Module) -> None:
    """Take all differences out of their weights again."""
    for _, layer in adapters(model):
        layer.unmerge()


class LoRASettings(NamedTuple):
    """What a file of adapters says about itself."""

    rank: int
    alpha: float
    targets: list[str]


def save_lora(path: str | Path, model: nn.Module) -> None:
    """Write the differences alone: a few kilobytes that make a base model another one."""
    layers = dict(adapters(model))
    if not layers:
        raise ValueError("this model has no adapters to save: call add_lora first, or save the whole model")
    first = next(iter(layers.values()))
    rank = first.A.shape[0]
    about = LoRASettings(rank, first.scale * rank, sorted({path.rpartition(".")[2] for path in layers}))
    tensors = {f"{path}.{name}": p.detach().cpu() for path, m in layers.items() for name, p in [("A", m.A), ("B", m.B)]}
    save_file(tensors, path, {"lora": json.dumps(about)})


def load_lora(path: str | Path, model: nn.Module) -> None:
    """Give a base model the adapters of a file, ready to use, or to learn on.

    Raises ValueError if they were made for a model of other shape; the base is then as it was before.
    """
    with safe_open(path, framework="pt") as file:
        about = LoRASettings(*json.loads(file.metadata()["lora"]))
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no iterator)
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    if shapes != expected_shapes(model, about):
        raise ValueError(f"the adapters in {path} were made for another model: load them onto the base they grew on")
    add_lora(model, *about)
    model.load_state_dict(tensors, strict=False)


def expected_shapes(model: nn.Module, about: LoRASettings) -> dict[str, tuple[int, int]]:
    """The shape of every A and B that `add_lora` would make."""
    shapes = {}
    for path, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and path.rpartition(".")[2] in about.targets:
            shapes[f"{path}.A"] = about.rank, layer.in_features
            shapes[f"{path}.B"] = layer.out_features, about.rank
    return shapes
