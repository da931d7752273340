"""Where learning starts: small random matrices, and biases of 0."""

from collections.abc import Callable

from torch import Tensor, nn


def initialise(model: nn.Module, std: Callable[[str, Tensor], float]) -> None:
    """Draw every matrix from a normal distribution of mean 0, as wide as `std` says for its name; biases become 0.

    Norms keep the weights of 1 that they were made with.
    """
    if next(model.parameters()).is_meta:
        return  # no numbers to draw, and for DeepSeek-V3's 44,000 matrices a long way to find that out
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            nn.init.normal_(parameter, std=std(name, parameter))
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
