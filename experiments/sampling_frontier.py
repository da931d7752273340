"""Quality against variety for every way to draw, from one shipped model, with the storyteller as the judge.

Quality: how many words of a story are possible, by the exact next-word distribution, before the first that is not.
Variety: the entropy of what is drawn from, in nats a story, summed exactly along the sampler's own stories.
Coverage: the share of the storyteller's own stories that the sampler could have written at all.
"""

import time
from statistics import mean
from typing import Any

import torch
from jaxtyping import Float, Int
from recording import record
from torch import Tensor

from helpers import checkpoints, evaluation, sampling
from helpers.corpora import tales
from helpers.models import Decoder
from helpers.runtime import generator, progress
from helpers.tokenizers import BPETokenizer
from helpers.training import story_batch

SEEDS = [201, 202, 203, 204, 205]
N_STORIES = 128  # a seed
GROUP = 16  # stories among which runs of three tokens are counted

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "temperature": [{"temperature": t} for t in (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)],
    "top-k": [{"top_k": k} for k in (2, 5, 10, 20, 50)],
    "top-p": [{"top_p": p} for p in (0.5, 0.7, 0.8, 0.9, 0.95)],
    "min-p": [{"min_p": p} for p in (0.02, 0.05, 0.1, 0.2, 0.4)],
    "min-p 0.1, hot": [{"min_p": 0.1, "temperature": t} for t in (1.5, 2.0)],
    "repetition penalty": [{"repetition_penalty": r} for r in (1.05, 1.2, 1.5)],
}


def probs_along(model: Decoder, ids: Int[Tensor, "B N"], sampler: sampling.Sampler) -> Float[Tensor, "B N-1 V"]:
    """What was drawn from at every place of these texts."""
    with torch.inference_mode():
        logits = model(ids[:, :-1])
        if sampler.repetition_penalty == 1:
            return sampler.probs(logits)
        places = range(logits.shape[1])
        return torch.stack([sampler.probs(logits[:, t], ids[:, : t + 1]) for t in places], dim=1)


def right_words(text: str) -> int:
    """The number of words before the first that no tale has at its place."""
    listener, told = tales.teller(), tales.words(text)
    for i, word in enumerate(told):
        if word not in listener.dist():
            return i
        listener.push(word)
    return len(told)


def measured(model: Decoder, tokenizer: BPETokenizer, settings: dict[str, Any], seed: int) -> dict[str, float]:
    """One seed's stories, judged."""
    end = tokenizer.eot_id
    start = torch.full((N_STORIES, 1), end)
    written = sampling.generate(model, start, 255, stop=[end], generator=generator(seed), **settings)
    rows = [row[: row.index(end)] if end in row else row for row in written.tolist()]
    probs = probs_along(model, torch.cat([start, written], dim=1), sampling.Sampler(**settings))
    steps = torch.special.entr(probs).sum(-1)
    lengths = torch.tensor([[len(row)] for row in rows])
    nats = (steps * (torch.arange(steps.shape[1]) <= lengths)).sum(1)
    groups = [rows[i : i + GROUP] for i in range(0, N_STORIES, GROUP)]
    return {
        "nats": nats.mean().item(),
        "words": mean(right_words(tokenizer.decode(row)) for row in rows),
        "distinct": evaluation.distinct_n(groups, 3).value,
    }


def coverage(model: Decoder, tokenizer: BPETokenizer, settings: dict[str, Any]) -> float:
    """The share of 200 of the storyteller's stories of which no token is ruled out."""
    told = story_batch(tales.stories(200, seed=10**9), tokenizer, model.config.context_length)
    kept = []
    for inputs, targets in zip(told.inputs.split(20), told.targets.split(20), strict=True):
        probs = probs_along(model, torch.cat([inputs, inputs[:, -1:]], dim=1), sampling.Sampler(**settings))
        chosen = probs.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
        kept += ((chosen > 0) | (targets < 0)).all(1).tolist()
    return sum(kept) / len(kept)


if __name__ == "__main__":
    began = time.time()
    model, tokenizer = checkpoints.load("gpt-tales")
    points = []
    for family, rows in SETTINGS.items():
        for settings in progress(rows, total=len(rows), title=family):
            runs = [measured(model, tokenizer, settings, seed) for seed in SEEDS]
            point = {name: [run[name] for run in runs] for name in runs[0]}
            points.append(
                {"family": family, "settings": settings, **point, "covers": coverage(model, tokenizer, settings)}
            )
            print(family, settings, {name: round(mean(values), 3) for name, values in point.items()}, flush=True)
    told = [tokenizer.encode(text) for text in tales.stories(N_STORIES * len(SEEDS), seed=4)]
    groups = [told[i : i + GROUP] for i in range(0, len(told), GROUP)]
    truth = {"nats": tales.entropy(), "words": tales.mean_words(), "distinct": evaluation.distinct_n(groups, 3).value}
    record("sampling_frontier", {"points": points, "storyteller": truth}, SEEDS, began)
