"""Models for the tests of this room: random decoders whose text varies, and the smallest model of all."""

from types import SimpleNamespace

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from helpers.models import Decoder, DecoderConfig

SIZES = dict(vocab_size=13, context_length=24, d_model=16, n_layers=2, n_heads=2, tie_embeddings=False)


def noisy(model, seed=0, std=0.8):
    """The model with every parameter drawn anew: large matrices, so that the next token depends on those before,
    and small vectors, because a large bias always asks for the same token."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            is_scale = name.endswith("weight")
            torch.nn.init.normal_(parameter, mean=float(is_scale), std=0.1, generator=generator)
        else:
            torch.nn.init.normal_(parameter, std=std, generator=generator)
    return model.eval()


def decoder(seed=0, std=0.8, **words):
    """A tiny random decoder."""
    return noisy(Decoder(DecoderConfig(**SIZES | words)), seed, std)


def peer(seed=0, std=0.3, **words):
    """A tiny random GPT-2 of transformers."""
    sizes = dict(vocab_size=29, n_positions=40, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
    return noisy(GPT2LMHeadModel(GPT2Config(**sizes | words)), seed, std)


def chance(seed=0):
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


class PairTable(torch.nn.Module):
    """A bigram model: the last token alone decides, by a table of logits. It takes no mask and no positions."""

    def __init__(self, vocab_size, context_length=50, seed=0):
        super().__init__()
        self.config = SimpleNamespace(context_length=context_length)
        self.logits = torch.nn.Parameter(torch.randn(vocab_size, vocab_size, generator=chance(seed)))

    def forward(self, ids, cache=None):
        if cache:
            cache.length += ids.shape[1]
        return self.logits[ids]

    def new_cache(self, batch=1, capacity=None):
        return Count()


class Count:
    """What a bigram model remembers: how much it has read."""

    length = 0

    def cut(self, length):
        self.length = length

    def select(self, rows):
        pass
