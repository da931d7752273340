"""What each part of the Transformer is for: left out, one at a time, three seeds; and where the norm stands, by depth.

`python experiments/architecture_ablations.py parts` and `... depth` add to the same record.
"""

import math
import sys
import time

import torch
from recording import merged, record
from torch import nn
from translation_recipe import N_STEPS, TOKENIZER, batch_of, exact_match, losses_of, new_model

from helpers.attention.look import Look
from helpers.corpora import translation
from helpers.corpora.tales import POOLS
from helpers.models import EncoderDecoder
from helpers.models.decoder import Block
from helpers.models.encoder_decoder import CrossBlock
from helpers.runtime import seed_everything
from helpers.training.batches import IGNORE

SEEDS = [101, 102, 103]
WINDOW = 5
DEPTHS = [2, 6, 12]
N_DEEP_STEPS, DEEP_LEARNING_RATE = 150, 3e-3


class PlainBlock(Block):
    """Unlike a block: what a part says replaces the stream instead of being added to it."""

    def forward(self, x, look=None, cache=None):
        """The stream after this block."""
        return self.mlp_norm(self.mlp(self.attention_norm(self.attention(x, look, cache))))


class PlainCrossBlock(CrossBlock):
    """The same for a block that also looks at the source."""

    def forward(self, x, look: Look, source, look_across: Look, cache=None):
        """The stream after this block."""
        x = self.attention_norm(self.attention(x, look, cache))
        return self.mlp_norm(self.mlp(self.cross_norm(self._across(x, source, look_across))))


def without_residual(model: EncoderDecoder) -> EncoderDecoder:
    """The same model without additions."""
    for block in model.encoder_blocks:
        block.__class__ = PlainBlock
    for block in model.decoder_blocks:
        block.__class__ = PlainCrossBlock
    return model


def without_norm(model: EncoderDecoder) -> EncoderDecoder:
    """The same model without norms."""
    for block in [*model.encoder_blocks, *model.decoder_blocks]:
        for name in ("attention_norm", "cross_norm", "mlp_norm"):
            if hasattr(block, name):
                setattr(block, name, nn.Identity())
    return model


VARIANTS = {
    "whole": new_model,
    "no positions": lambda seed: new_model(seed, positions="none"),
    "no residual": lambda seed: without_residual(new_model(seed)),
    "no norm": lambda seed: without_norm(new_model(seed)),
    "one head": lambda seed: new_model(seed, n_heads=1),
}


def levels() -> dict[str, float]:
    """Nats a token for one who knows nothing, and for one who knows how frequent each word is. The floor is 0."""
    seen = batch_of(translation.pairs(4000, seed=7)).targets
    counts = torch.bincount(seen[seen != IGNORE], minlength=TOKENIZER.vocab_size) + 1.0
    held = batch_of(translation.pairs(400, seed=8, held_out=True)).targets
    unigram = -(counts / counts.sum()).log()[held[held != IGNORE]].mean().item()
    return {"uniform": math.log(TOKENIZER.vocab_size), "unigram": unigram, "floor": 0.0}


def parts() -> dict[str, object]:
    """Loss curves of the whole model, and how well it translates with one part missing."""
    held, curves = translation.pairs(400, seed=8, held_out=True), []
    two_names = [p for p in translation.pairs(1500, seed=9, held_out=True) if n_names(p) == 2]
    results: dict[str, list[float]] = {name: [] for name in VARIANTS}
    with_two: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for name, build in VARIANTS.items():
        for seed in SEEDS:
            model = build(seed)
            losses = losses_of(model, seed)
            results[name].append(exact_match(model, held))
            with_two[name].append(exact_match(model, two_names))
            print(name, seed, round(sum(losses[-10:]) / 10, 4), results[name][-1], with_two[name][-1], flush=True)
            if name == "whole":
                curves.append([sum(losses[i : i + WINDOW]) / WINDOW for i in range(0, N_STEPS, WINDOW)])
    steps = [WINDOW // 2 + WINDOW * i for i in range(len(curves[0]))]
    config = new_model(0).config.to_dict()
    shares = {"exact_match": results, "exact_match_two_names": with_two}
    return {"config": config, "levels": levels(), "steps": steps, "losses": curves, **shares}


def n_names(pair: translation.Pair) -> int:
    """How many different characters the sentence names."""
    return len(set(pair.english) & set(POOLS["hero"]))


def depth() -> dict[str, object]:
    """Final loss by the place of the norm and the number of layers, at one learning rate, width 32."""
    rows: dict[str, list[list[float]]] = {"post": [], "pre": []}
    for norm_position, by_depth in rows.items():
        for n_layers in DEPTHS:
            final = []
            for seed in SEEDS:
                seed_everything(seed)
                words = {"n_layers": n_layers, "norm_position": norm_position, "d_model": 32, "n_heads": 2}
                losses = losses_of(new_model(seed, **words), seed, N_DEEP_STEPS, DEEP_LEARNING_RATE)
                final.append(sum(losses[-10:]) / 10)
            print(norm_position, n_layers, final, flush=True)
            by_depth.append(final)
    return {"depths": DEPTHS, "final_loss": rows}


if __name__ == "__main__":
    began = time.time()
    values = {"parts": parts, "depth": depth}[sys.argv[1]]()
    record("architecture_ablations", merged("architecture_ablations", values), SEEDS, began)
