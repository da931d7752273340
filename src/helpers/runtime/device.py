"""Where tensors live: CUDA is chosen by itself, MPS only on request, and the CPU is the reference.

Apple's MPS backend has given silently wrong losses in other courses, so it must be asked for by name.
"""

import torch

DEVICE_TYPES = ("cpu", "cuda", "mps")


def best_device(name: str | None = None) -> torch.device:
    """The device to train on: the one named, else CUDA where there is one, else the CPU.

    Raises ValueError for a name that is not a device, RuntimeError for a device this machine lacks.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = parse_device(name)
    if not is_present(device):
        raise RuntimeError(
            f"a device must be present to be used, got {name!r}, which torch {torch.__version__} does not see "
            "here: call best_device() to take what there is, or install a torch built for this device"
        )
    return device


def parse_device(name: str) -> torch.device:
    """The device that a name like 'cpu', 'cuda', 'cuda:1' or 'mps' means, present or not."""
    kind, _, index = name.partition(":")
    if kind not in DEVICE_TYPES or (":" in name and not index.isdecimal()):
        raise ValueError(f"a device is 'cpu', 'cuda', 'cuda:1' or 'mps', got {name!r}")
    return torch.device(name)


def is_present(device: torch.device) -> bool:
    """Whether this machine has the device and this torch can use it."""
    if device.type == "cuda":
        return (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return True


def describe_device(device: torch.device | str | None = None) -> str:
    """The device in words, as 'cpu, 2 threads' or 'cuda, NVIDIA H100 80GB HBM3, 79.1 GiB'."""
    device = best_device() if device is None else torch.device(device)
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{device}, {properties.name}, {properties.total_memory / 2**30:.1f} GiB"
    if device.type == "cpu":
        n_threads = torch.get_num_threads()
        return f"cpu, {n_threads} thread{'' if n_threads == 1 else 's'}"
    return str(device)
