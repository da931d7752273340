"""Weights that others trained, in our model: the only file that knows other people's names.

GPT-1 and GPT-2 store their matrices as inputs × outputs (TensorFlow's way, kept as `Conv1D`), so they are
transposed here, and queries, keys and values as one matrix, so it is cut in three.

Source: the state dicts of `transformers` (openai-gpt, gpt2), checked tensor by tensor in the tests.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from helpers.models.config import DecoderConfig
from helpers.models.decoder import Decoder

Tensors = Mapping[str, Tensor]

BLOCK_NAMES = {
    "ln_1": "attention_norm",
    "ln_2": "mlp_norm",
    "attn.c_proj": "attention.o_proj",
    "mlp.c_fc": "mlp.up_proj",
    "mlp.c_proj": "mlp.down_proj",
}


def from_hugging_face(source: Any) -> Decoder:
    """Our decoder with the weights of a Hugging Face model: the same ids give the same logits.

    `source` is a `transformers` model, a local folder with config.json and model.safetensors, or, online, a name
    on the hub such as "openai-community/gpt2".
    """
    settings, tensors = _read_model(source) if hasattr(source, "state_dict") else _read_folder(str(source))
    family = settings.get("model_type")
    if family not in FAMILIES:
        raise ValueError(f"model_type must be one of {', '.join(FAMILIES)}, got {family!r}")
    config, rename = FAMILIES[family](settings)
    model = Decoder(config)
    _copy_into(model, rename(tensors))
    return model.eval()


def _read_model(model: Any) -> tuple[dict[str, Any], Tensors]:
    return model.config.to_dict(), model.state_dict()


def _read_folder(name: str) -> tuple[dict[str, Any], Tensors]:
    from safetensors.torch import load_file

    folder = Path(name)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(name, allow_patterns=["config.json", "model.safetensors"]))
    for file in ("config.json", "model.safetensors"):
        if not (folder / file).is_file():
            raise FileNotFoundError(f"a model folder holds config.json and model.safetensors; {folder} has no {file}")
    return json.loads((folder / "config.json").read_text()), load_file(folder / "model.safetensors")


def _gpt(settings: dict[str, Any], norm_position: str) -> DecoderConfig:
    return DecoderConfig(
        vocab_size=settings["vocab_size"],
        context_length=settings["n_positions"],
        d_model=settings["n_embd"],
        n_layers=settings["n_layer"],
        n_heads=settings["n_head"],
        d_ff=settings.get("n_inner") or 0,
        norm_position=norm_position,
    )


def _gpt1(settings: dict[str, Any]) -> tuple[DecoderConfig, Callable[[Tensors], dict[str, Tensor]]]:
    names = {"tokens_embed": "token_embedding", "positions_embed": "positions.table"}
    return _gpt(settings, "post"), lambda tensors: _rename(tensors, names)


def _gpt2(settings: dict[str, Any]) -> tuple[DecoderConfig, Callable[[Tensors], dict[str, Tensor]]]:
    names = {"wte": "token_embedding", "wpe": "positions.table", "ln_f": "final_norm"}
    return _gpt(settings, "pre"), lambda tensors: _rename(tensors, names)


FAMILIES = {"openai-gpt": _gpt1, "gpt2": _gpt2}


def _rename(tensors: Tensors, names: dict[str, str]) -> dict[str, Tensor]:
    """The same tensors under our names; masks that old files carry as buffers are left behind."""
    ours = {}
    for name, tensor in tensors.items():
        name = name.removeprefix("transformer.")
        if name.endswith((".attn.bias", ".attn.masked_bias")) or name == "lm_head.weight":
            continue
        part, _, kind = name.rpartition(".")
        if part in names:
            ours[f"{names[part]}.{kind}"] = tensor
        else:
            ours.update(_block_tensors(part, kind, tensor))
    return ours


def _block_tensors(part: str, kind: str, tensor: Tensor) -> dict[str, Tensor]:
    _, layer, inner = part.split(".", 2)
    tensor = tensor.T if tensor.ndim == 2 else tensor
    if inner == "attn.c_attn":
        thirds = zip("qkv", tensor.chunk(3), strict=True)
        return {f"blocks.{layer}.attention.{letter}_proj.{kind}": third for letter, third in thirds}
    return {f"blocks.{layer}.{BLOCK_NAMES[inner]}.{kind}": tensor}


@torch.no_grad()
def _copy_into(model: Decoder, tensors: dict[str, Tensor]) -> None:
    """Copy every tensor; a missing, unknown or misshapen one is named before anything is changed."""
    parameters = dict(model.named_parameters())
    missing, unknown = sorted(parameters.keys() - tensors.keys()), sorted(tensors.keys() - parameters.keys())
    if missing or unknown:
        raise ValueError(f"the files must hold our parameters one to one; missing: {missing}, unknown: {unknown}")
    for name, parameter in parameters.items():
        if parameter.shape != tensors[name].shape:
            raise ValueError(
                f"{name} must have shape {tuple(parameter.shape)}, got {tuple(tensors[name].shape)} in the files"
            )
    for name, parameter in parameters.items():
        parameter.copy_(tensors[name])
