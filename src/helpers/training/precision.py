"""Mixed precision: the large multiplications in 16 bits, the weights and everything that sums in 32.

bfloat16 keeps float32's range and gives up 16 bits of precision (8 remain), so gradients neither overflow nor vanish
and no loss scaling is needed, unlike with float16. Weights, gradients and the optimizer's memory stay float32: a small
step added to a large weight would be rounded away in bfloat16.

Source: Micikevicius et al. 2018, "Mixed Precision Training", arXiv:1710.03740, section 3.1 (float32 weights);
Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning Training", arXiv:1905.12322, section 3.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

PRECISIONS = ("float32", "bf16")


def autocast(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """The arithmetic for a forward pass, as a `with` block that can be entered again and again.

    Raises ValueError for a word that is no precision, RuntimeError for a device without bfloat16.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"a precision is one of {', '.join(map(repr, PRECISIONS))}, got {precision!r}")
    if precision == "float32":
        return nullcontext()
    if not has_bf16(device):
        raise RuntimeError(f"{device} does not compute in bfloat16: train with precision='float32'")
    return torch.autocast(device.type, dtype=torch.bfloat16)


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 by itself: CUDA from Ampere (2020) on; CPUs always, if slowly."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu"
