"""Every scheme of positions in the same small model, trained on 64 words and read out to 512: three seeds or more.

Two measures: the loss by position, less the storyteller's own at the same words; and how often a hidden digit is found,
by its distance. RoPE is read with the scaling rules besides, without training and after a short one on 512 words.
Name seeds to run these only, or "free" for the exercise's scheme; what was recorded before is kept.
"""

import sys
import time
from functools import cache
from typing import Any

import torch
from recording import merged, record
from torch import Tensor, nn

from helpers import training
from helpers.corpora import tales
from helpers.models import Decoder, DecoderConfig
from helpers.positions import Alibi, LinearScaling, NtkScaling, RopeScaling, T5Bias, YarnScaling
from helpers.runtime import seed_everything
from helpers.tokenizers.words import WordTokenizer
from helpers.training.batches import Batch
from helpers.training.passkeys import ASK, DIGITS, PasskeyBatches, hide

SEEDS = [101, 102, 103]
L, FACTOR, N_STEPS, BATCH_SIZE, N_STORIES = 64, 8, 300, 16, 2400
N_TUNING_STEPS, TUNING_BATCH_SIZE, TUNING_SHARE = (10, 50), 2, 0.5  # of the learning rate
BIN = 16  # positions over which a loss is averaged
DISTANCES = [1, 2, 4, 8, 16, 32, 48, 60, 72, 96, 128, 192, 256, 384, 500]
SIZES: dict[str, Any] = {
    "d_model": 64, "n_layers": 2, "n_heads": 4, "norm": "rms_norm", "mlp": "relu_squared", "bias": False,
    "tie_embeddings": False,
}  # fmt: skip
SCHEMES: dict[str, dict[str, Any]] = {
    "rope": {"positions": "rope"},
    "alibi": {"positions": "alibi"},
    "none": {"positions": "none"},
    "sinusoidal": {"positions": "sinusoidal"},
    "learned": {"positions": "learned"},
    "t5": {"positions": "t5"},
}
HALF_FREE = {"alibi, half of the heads free": {"positions": "alibi", "is_half_free": True}}  # an exercise
LARGE_BASE = 500_000.0
TOKENIZER = WordTokenizer([*tales.vocabulary(), *DIGITS, ASK])
DIGIT_IDS, ASK_ID = TOKENIZER.encode(DIGITS), TOKENIZER.encode([ASK])[0]


def stream(stories: list[str]) -> Tensor:
    """The tales one after another, each with its end."""
    return torch.tensor([i for s in stories for i in [*TOKENIZER.encode(tales.words(s)), TOKENIZER.eot_id]])


@cache
def told(seed: int) -> Tensor:
    """What a run with this seed reads, again and again."""
    return stream(tales.stories(N_STORIES, seed))


HELD = tales.stories(160, seed=10**9)


def held_windows(n_rows: int = 48) -> Tensor:
    """Where windows of 8 L words and one more stand in the unseen stream."""
    length = L * FACTOR
    starts = torch.arange(n_rows) * ((len(stream(HELD)) - length - 1) // n_rows)
    return starts[:, None] + torch.arange(length + 1)


class HalfFree(Alibi):
    """Unlike ALiBi: the second half of the heads pays nothing for distance."""

    def score_bias(self, query_positions: Tensor, key_positions: Tensor) -> Tensor:
        """The bias of half as many heads, and zeros."""
        bias = Alibi(self.n_heads // 2).score_bias(query_positions, key_positions)
        return torch.cat((bias, torch.zeros_like(bias)))


def new_model(seed: int, is_half_free: bool = False, **words: Any) -> Decoder:
    """A fresh decoder. T5's buckets end at half the trained length, so that training fills them all."""
    seed_everything(seed)
    model = Decoder(DecoderConfig(TOKENIZER.vocab_size, L * FACTOR, **SIZES, **words))
    if words["positions"] == "t5":
        model.positions = T5Bias(SIZES["n_heads"], n_buckets=16, max_distance=L // 2)
        nn.init.normal_(model.positions.table.weight, std=0.02)
    if is_half_free:
        model.positions = HalfFree(SIZES["n_heads"])
    training.recipes.silence_outputs(model)
    return model


def trained(model: Decoder, seed: int, length: int, batch_size: int, n_steps: int, share: float = 1.0) -> list[float]:
    """Train it in place; the losses."""
    batches = PasskeyBatches(told(seed), batch_size, length, DIGIT_IDS, ASK_ID, seed + 1)
    optimizer = training.muon_and_adamw(model, share * 0.02, share * 6e-3, momentum=0.9)
    schedule = training.warmup_linear(n_steps, n_steps // 10)
    steps = training.train(model, batches, training.next_token_loss, optimizer, schedule, n_steps)
    return [r["loss"] for r in steps]


def by_position(model: Decoder, windows: Tensor) -> Tensor:
    """Nats a word at each position, in bins, on unseen tales without digits."""
    rows = []
    with torch.inference_mode():
        for part in windows.split(16):
            logits = model(part[:, :-1]).transpose(1, 2)
            rows.append(nn.functional.cross_entropy(logits, part[:, 1:], reduction="none"))
    return torch.cat(rows).mean(0).unflatten(0, (-1, BIN)).mean(1)


def passkeys(model: Decoder, windows: Tensor, n_rows: int = 30) -> list[float]:
    """Share of digits found, by distance. Each stands at place 8; chance is a tenth."""
    rows = windows[:n_rows]
    asked = [8 + distance for distance in DISTANCES]
    asks = torch.zeros(n_rows, rows.shape[1] - 1, dtype=torch.bool)
    asks[:, asked] = True
    digits = torch.tensor(DIGIT_IDS)[torch.arange(n_rows) % 10]
    batch = hide(Batch(rows[:, :-1], rows[:, 1:]), digits, torch.full((n_rows,), 8), asks, ASK_ID)
    with torch.inference_mode():
        guess = torch.cat([model(part).argmax(-1) for part in batch.inputs.split(16)])
    return (guess == batch.targets)[:, asked].float().mean(0).tolist()


def measured(model: Decoder, windows: Tensor, floor: Tensor) -> dict[str, list[float]]:
    """Both measures."""
    return {"excess": (by_position(model, windows) - floor).tolist(), "found": passkeys(model, windows)}


def rules(factor: int) -> dict[str, dict[str, Any]]:
    """The words that stretch RoPE `factor` times, by the name of the rule."""
    scalings: dict[str, RopeScaling] = {
        "linear": LinearScaling(factor),
        "ntk": NtkScaling(factor),
        "yarn": YarnScaling(factor, L),
    }
    return {name: {"rope_scaling": scaling} for name, scaling in scalings.items()}


def stretched(model: Decoder, **words: Any) -> Decoder:
    """The same weights under other words."""
    other = Decoder(model.config.but(**words))
    other.load_state_dict(model.state_dict())
    return other


def run(schemes: dict[str, dict[str, Any]], seed: int, windows: Tensor, floor: Tensor, keep: Any) -> None:
    """These schemes with one seed, and RoPE stretched; `keep` is given each result as it comes."""
    for name, words in schemes.items():
        model = new_model(seed, **words)
        losses = trained(model, seed, L, BATCH_SIZE, N_STEPS)
        end = sum(losses[-20:]) / 20
        keep("schemes", name, {**measured(model, windows, floor), "loss": end, "parameters": model.n_parameters})
        if name == "rope":
            stretch(model, seed, windows, floor, keep)


def stretch(model: Decoder, seed: int, windows: Tensor, floor: Tensor, keep: Any) -> None:
    """RoPE under every rule for 8 times the length: as it is, and after short trainings on windows of that length."""
    ways: dict[str, dict[str, Any]] = {"as it was": {}, "larger base": {"rope_base": LARGE_BASE}, **rules(FACTOR)}
    for name, words in ways.items():
        keep("stretched", name, measured(stretched(model, **words), windows, floor))
    for n_steps, name in [(n_steps, name) for n_steps in N_TUNING_STEPS for name in ways if name != "ntk"]:
        other = stretched(model, **ways[name])
        trained(other, seed + 7, L * FACTOR, TUNING_BATCH_SIZE, n_steps, TUNING_SHARE)
        keep(f"tuned {n_steps}", name, measured(other, windows, floor))


if __name__ == "__main__":
    began = time.time()
    is_exercise = sys.argv[1:] == ["free"]
    schemes, seeds = (HALF_FREE, SEEDS) if is_exercise else (SCHEMES, [int(word) for word in sys.argv[1:]] or SEEDS)
    ids, where = stream(HELD), held_windows()
    own = -torch.tensor([p for story in HELD for p in tales.word_log_probs(story)])
    floor = own[where[:, 1:]].mean(0).unflatten(0, (-1, BIN)).mean(1)
    about: dict[str, Any] = {
        "sizes": SIZES, "trained_length": L, "n_steps": N_STEPS, "batch_size": BATCH_SIZE, "n_stories": N_STORIES,
        "tuning": {"n_steps": N_TUNING_STEPS, "batch_size": TUNING_BATCH_SIZE, "share": TUNING_SHARE},
        "bin": BIN, "distances": DISTANCES, "large_base": LARGE_BASE, "floor": floor.mean().item(),
    }  # fmt: skip
    for seed in seeds:
        results: dict[str, Any] = {}

        def keep(kind: str, name: str, values: dict[str, Any], seed: int = seed, results: dict = results) -> None:
            """Note a result and show it."""
            results.setdefault(kind, {}).setdefault(name, {})[str(seed)] = values
            bins = [values["excess"][i] for i in (0, 3, 5, 7, 15, 31)]
            found = [values["found"][i] for i in (4, 7, 10, 12, 14)]
            print(seed, kind, name, [round(x, 2) for x in bins], found, round(time.time() - began), flush=True)

        run(schemes, seed, ids[where], floor, keep)
        everything = merged("positional_laboratory", about | results)
        record("positional_laboratory", everything, [int(s) for s in next(iter(everything["schemes"].values()))], began)
