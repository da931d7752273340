"""How big a model is: parameters and bytes, and how to say such numbers.

A tensor that two layers share (tied embeddings) counts once, as papers count it.
"""

from torch import nn

COUNT_UNITS = ("", "K", "M", "B", "T")
BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def n_parameters(module: nn.Module) -> int:
    """Learned numbers in the module, each shared tensor once; works on the meta device too."""
    return sum(parameter.numel() for parameter in module.parameters())


def n_bytes(module: nn.Module) -> int:
    """Bytes that the module's parameters and buffers occupy, each shared tensor once."""
    tensors = [*module.parameters(), *module.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def human_count(n: int) -> str:
    """A count in thousands (K), millions (M), billions (B), trillions (T), with one decimal.

    >>> human_count(124439808)
    '124.4M'
    >>> human_count(65)
    '65'
    """
    return _scaled(n, 1000, COUNT_UNITS)


def human_bytes(n: int) -> str:
    """A size in binary units, with one decimal.

    >>> human_bytes(124439808 * 4)
    '474.7 MiB'
    """
    return _scaled(n, 1024, tuple(f" {unit}" for unit in BYTE_UNITS))


def _scaled(n: int, base: int, units: tuple[str, ...]) -> str:
    power = 0
    # Compare the rounded value: 999,999 is said as 1.0M, not as 1000.0K.
    while power < len(units) - 1 and round(abs(n) / base**power, 1) >= base:
        power += 1
    return f"{n}{units[0]}" if power == 0 else f"{n / base**power:.1f}{units[power]}"
