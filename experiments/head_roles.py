"""What the heads of a small storyteller do, and what goes wrong without each: three seeds.

A seed is named on the command line to run it alone (`python experiments/head_roles.py 1`); runs add up in the record.
"""

import random
import sys
import time
from typing import Any

import torch
from recording import merged, record
from torch import Tensor

from helpers import checkpoints, evaluation, training
from helpers.corpora import tales
from helpers.interpret import induction_score, previous_token_score, recall_targets, weight_on, without_heads
from helpers.models import Decoder
from helpers.runtime import generator
from helpers.tokenizers import BPETokenizer
from helpers.training.recipes import WORDS, Recipe, pretraining_run

SEEDS = [0, 1, 2]
RECIPE = Recipe(3000, {**WORDS, "n_layers": 2})
N_STORIES = 100
FACTS = ("hero", "friend", "stranger", "helper", "giver", "thing", "colour", "goal", "spot", "home")


def told_again(stories: list[tales.Tale], tokenizer: BPETokenizer, n_places: int) -> dict[str, Tensor]:
    """Of each kind of fact: which places are about to say it again (rows), and where it was said (columns)."""
    targets = {fact: torch.zeros(len(stories), n_places, n_places, dtype=torch.bool) for fact in FACTS}
    for row, story in enumerate(stories):
        ids = tokenizer.encode(story.text)
        spans = [(mention.value, mention.start, mention.end) for mention in story.mentions]
        said = [(v, first + 1, end + 1) for v, first, end in evaluation.token_spans(story.text, ids, tokenizer, spans)]
        places = recall_targets(said, n_places)
        for mention, (_, first, _) in zip(story.mentions, said, strict=True):
            if mention.slot in FACTS and not mention.first:
                targets[mention.slot][row, first - 1] = places[first - 1]
    return targets


@torch.inference_mode()
def surprise(model: Decoder, batch: training.Batch) -> Tensor:
    """Nats at every place, 0 where nothing is asked."""
    log_probs = torch.cat([model(rows).log_softmax(-1) for rows in batch.inputs.split(25)])
    return torch.nn.functional.nll_loss(log_probs.transpose(1, 2), batch.targets, reduction="none")


def lost(nats: Tensor, batch: training.Batch, targets: dict[str, Tensor]) -> dict[str, float]:
    """Nats a token over all words, and nats a recall for each kind of fact."""
    by_fact = {fact: nats[where.any(-1)].mean().item() for fact, where in targets.items()}
    return {"all": nats.sum().item() / batch.n_tokens, **by_fact}


@torch.inference_mode()
def measured(model: Decoder, tokenizer: BPETokenizer) -> dict[str, Any]:
    """Where each head looks and what is lost without it; heads are named layer.head."""
    stories = [tales.tale(random.Random(f"heads {i}")) for i in range(N_STORIES)]
    batch = training.story_batch([story.text for story in stories], tokenizer, model.config.context_length)
    targets = told_again(stories, tokenizer, batch.inputs.shape[1])
    maps: list[Tensor] = []
    model(batch.inputs, maps=maps)
    random_ids = torch.randint(tokenizer.vocab_size, (20, 60), generator=generator(1)).repeat(1, 2)
    twice: list[Tensor] = []
    model(random_ids, maps=twice)
    heads: dict[str, Any] = {}
    for layer, (weights, again) in enumerate(zip(maps, twice, strict=True)):
        looks = {fact: weight_on(weights, where) for fact, where in targets.items()}
        scores = {
            "previous": previous_token_score(weights[:, :, :120, :120]),
            "induction": induction_score(again, random_ids),
        }
        for head in range(model.config.n_heads):
            with without_heads(model, [(layer, head)]):
                without = lost(surprise(model, batch), batch, targets)
            looked = {name: values[head].item() for name, values in {**scores, **looks}.items()}
            heads[f"{layer}.{head}"] = {"looks": looked, "without": without}
    return {"whole": lost(surprise(model, batch), batch, targets), "heads": heads}


def run(seed: int, tokenizer: BPETokenizer) -> dict[str, Any]:
    """Train one model, then ask what its heads do."""
    model, steps = pretraining_run(RECIPE, tokenizer, seed)
    for _ in steps:
        pass
    found = measured(model.eval(), tokenizer)
    print(f"seed {seed}: {found['whole']}", flush=True)
    return found


if __name__ == "__main__":
    tokenizer = checkpoints.load("gpt-tales")[1]
    settings = {"n_steps": RECIPE.n_steps, "words": dict(RECIPE.words), "n_stories": N_STORIES}
    for seed in map(int, sys.argv[1:] or SEEDS):
        began = time.time()
        values = {"settings": settings, "runs": {str(seed): run(seed, tokenizer)}}
        record("head_roles", merged("head_roles", values), SEEDS, began)
