"""Pre-training from settings: from a preset, a corpus or a text of yours to a stage that can take its steps.

Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", section 3.1.
"""

import hashlib
import math
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from helpers.corpora import real, tales
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import seed_everything
from helpers.tokenizers import CHAT_FORMATS, END_OF_TEXT, BPETokenizer
from helpers.training.batches import Batch, StoryBatches, TextBatches, Tokenizer, story_batch
from helpers.training.loop import Batches, train
from helpers.training.losses import next_token_loss
from helpers.training.optimizers import adamw, muon_and_adamw
from helpers.training.recipes import BASE, BUDGETS, Recipe, base_tokenizer, mixed_stories, silence_outputs
from helpers.training.run_to_disk import Stage
from helpers.training.schedules import warmup_cosine, warmup_linear

Settings = dict[str, Any]

CHINESE = {"tales": 0.0, "tales-zh": 1.0, "tales-both": BASE.chinese}  # the share of Chinese stories
TEXTS: dict[str, Callable[[], str]] = {
    "python-manual": real.python_manual,
    "tiny-shakespeare": real.tiny_shakespeare,
}
CORPORA = (*CHINESE, *TEXTS)
SCHEDULES = {"linear": warmup_linear, "cosine": warmup_cosine}
ADAMW_SHARE = BASE.adamw_lr / BASE.muon_lr  # beside Muon, AdamW moves embeddings, head and norms
UNSEEN = 10**9  # the seed of stories that no batch tells
MARKS = (END_OF_TEXT, *CHAT_FORMATS["tales"].special_tokens)  # those of a chat wait for instruction tuning
N_MERGES = 768

GPT = {"context_length": 256, "d_model": 96, "n_layers": 3, "n_heads": 3}
LLAMA = GPT | {
    "n_heads": 4,
    "n_kv_heads": 2,
    "norm": "rms_norm",
    "positions": "rope",
    "mlp": "swiglu",
    "bias": False,
    "tie_embeddings": False,
}
PLAIN = {"corpus": "tales", "optimizer": "adamw", "schedule": "cosine", "lr": 8e-3, "batch_size": 8, "steps": 600}


def preset_of(recipe: Recipe, corpus: str) -> Settings:
    """A recipe of the book as the settings of a run."""
    return {
        "corpus": corpus,
        "words": dict(recipe.words),
        "optimizer": "muon",
        "schedule": "linear",
        "lr": recipe.muon_lr,
        "batch_size": recipe.stories_per_batch,
        "steps": recipe.n_steps,
    }


PRESETS: dict[str, Settings] = {
    **{f"base-{minutes}min": preset_of(recipe, "tales") for minutes, recipe in BUDGETS.items()},
    "base": preset_of(BASE, "tales-both"),
    "gpt": PLAIN | {"words": GPT},
    "llama": PLAIN | {"words": LLAMA},
}


def pretraining(settings: Settings, device: torch.device, tokenizer: BPETokenizer | None = None) -> Stage:
    """The stage that the settings describe; a tokenizer is learned from the corpus where none is given.

    Raises ValueError for words that no decoder has, and for a corpus that is empty or shorter than the context.
    """
    decoder_config(settings["words"], vocab_size=1)  # a wrong word is said before anything takes time
    documents = corpus_documents(settings)
    tokenizer = tokenizer or corpus_tokenizer(settings, documents)
    config = decoder_config(settings["words"], tokenizer.vocab_size)
    batches, outcome = batches_and_outcome(settings, documents, tokenizer, config.context_length)
    seed_everything(settings["seed"])
    model = Decoder(config)
    if settings["optimizer"] == "muon":
        silence_outputs(model)
    optimizer = make_optimizer(model.to(device), settings["optimizer"], settings["lr"])
    n_steps, n_warmup = settings["steps"], min(BASE.n_warmup, settings["steps"] // 2)
    schedule = SCHEDULES[settings["schedule"]](n_steps, n_warmup)
    steps = partial(
        train, model, batches, next_token_loss, optimizer, schedule, n_steps, precision=settings["precision"]
    )
    return Stage(model, optimizer, lambda n: steps(first_step=n), n_steps, model, tokenizer, lambda: outcome(model))


def decoder_config(words: dict[str, Any], vocab_size: int) -> DecoderConfig:
    """The configuration of a decoder; a value of the wrong kind is a ValueError too."""
    try:
        return DecoderConfig.from_dict(words | {"vocab_size": vocab_size})
    except TypeError as error:
        raise ValueError(f"a word of the configuration has a value of the wrong kind, got {words}") from error


def make_optimizer(model: nn.Module, name: str, lr: float) -> torch.optim.Optimizer:
    """AdamW at this learning rate; or Muon at it for the matrices, and AdamW at a share of it for the rest."""
    if name == "adamw":
        return adamw(model, lr)
    return muon_and_adamw(model, lr, ADAMW_SHARE * lr, momentum=BASE.momentum)


# --- what is read ---------------------------------------------------------------------------------------------


def corpus_documents(settings: Settings) -> list[str]:
    """The documents of a text; none for tales, which are told anew at every step.

    Raises ValueError where they are no longer those of the recipe.
    """
    if settings["corpus"] in CHINESE:
        return []
    documents = own_text(Path(settings["text"])) if settings["text"] else [TEXTS[settings["corpus"]]()]
    sha = hashlib.sha256("\0".join(documents).encode()).hexdigest()
    if settings.setdefault("text_sha256", sha) != sha:
        raise ValueError(f"{settings['text'] or settings['corpus']} has changed since the run began: put the text back")
    return documents


def own_text(path: Path) -> list[str]:
    """A text file, or every .txt and .md file of a folder in the order of their names, a document each."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".txt", ".md"))
    if not files:
        raise ValueError(f"the corpus is empty: {path} holds no .txt or .md file")
    documents = [text for text in map(utf8_text, files) if text.strip()]
    if not documents:
        raise ValueError(f"the corpus is empty: there is nothing but white space in {path}")
    return documents


def utf8_text(path: Path) -> str:
    """The text of a file. Raises ValueError with the place of the first byte that is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path} is not UTF-8 text: byte 0x{content[error.start]:02x} at position {error.start}, in line {line}: "
            "save it as UTF-8"
        ) from error


def corpus_tokenizer(settings: Settings, documents: Sequence[str]) -> BPETokenizer:
    """Byte-pair encoding learned from the corpus, with the marks of a chat among its special tokens."""
    if settings["corpus"] == "tales-both":
        return base_tokenizer()
    if settings["corpus"] in CHINESE:
        documents = tales.stories(1500, seed=1, language=languages_of(settings["corpus"])[0])
    return BPETokenizer.train(documents, n_merges=N_MERGES, special_tokens=MARKS)


def languages_of(corpus: str) -> list[str]:
    """The languages in which a corpus tells its tales."""
    share = CHINESE[corpus]
    return ["en"] * (share < 1) + ["zh"] * (share > 0)


# --- what is learned from, and what it came to ----------------------------------------------------------------


def batches_and_outcome(
    settings: Settings, documents: Sequence[str], tokenizer: Tokenizer, context_length: int
) -> tuple[Batches, Callable[[Decoder], str]]:
    """The batches of a run, and the words that say how its model does on what it has not read."""
    seed, batch_size = settings["seed"] + 1, settings["batch_size"]
    if settings["corpus"] in CHINESE:
        stories = mixed_stories(batch_size, CHINESE[settings["corpus"]])
        languages = languages_of(settings["corpus"])
        fresh = StoryBatches(stories, tokenizer, context_length, seed)
        return fresh, lambda model: gap_in_words(model, tokenizer, languages)
    ids = [i for row in tokenizer.encode_batch(documents) for i in (tokenizer.eot_id, *row)]
    read, kept = split(torch.tensor([*ids, tokenizer.eot_id]), context_length)
    return TextBatches(read, batch_size, context_length, seed), lambda model: loss_in_words(model, kept)


def split(ids: torch.Tensor, context_length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The text without its last tenth, and that tenth; a text too short to part with it keeps all."""
    n_kept = len(ids) // 10 if len(ids) // 10 > context_length else 0
    return ids[: len(ids) - n_kept], ids[len(ids) - n_kept :]


def loss_in_words(model: Decoder, kept: torch.Tensor, n_windows: int = 64) -> str:
    """The loss on the part of the text that was kept back."""
    length = model.config.context_length
    windows = [kept[i : i + length + 1] for i in range(0, len(kept) - length, length)][:n_windows]
    if not windows:
        return "the text is too short to keep a part back"
    rows = torch.stack(windows)
    nats = [measured(model, Batch(row[None, :-1], row[None, 1:])) for row in rows]
    return f"{mean_in_words(nats)} nats a token on the part that was kept back"


def gap_in_words(model: Decoder, tokenizer: Tokenizer, languages: Sequence[str], n_stories: int = 50) -> str:
    """How far the model is above the exact floor in each language, in nats a word, on stories it has not read."""
    gaps = {language: gaps_to_floor(model, tokenizer, language, n_stories) for language in languages}
    if any(len(found) < n_stories for found in gaps.values()):
        return f"a context of {model.config.context_length} tokens is too short for whole stories"
    each = " and ".join(
        mean_in_words(found) + (f" ({language})" if len(gaps) > 1 else "") for language, found in gaps.items()
    )
    return f"{each} nats a word above the exact floor on {n_stories} unseen stories"


def gaps_to_floor(model: Decoder, tokenizer: Tokenizer, language: str, n_stories: int) -> list[float]:
    """Nats a word by which the model's surprise exceeds the true one, of each story that fits into its context."""
    gaps = []
    for story in tales.stories(n_stories, UNSEEN, language):
        batch = story_batch([story], tokenizer, 10**6)
        if batch.inputs.shape[1] <= model.config.context_length:
            nats = measured(model, batch) * batch.n_tokens
            gaps.append((nats + tales.log_prob(story, language)) / (len(tales.words(story, language)) + 1))
    return gaps


@torch.inference_mode()
def measured(model: Decoder, batch: Batch) -> float:
    """The loss on a batch, with the model at rest."""
    model.eval()
    return next_token_loss(model, batch.to(next(model.parameters()).device)).item()


def mean_in_words(values: Sequence[float]) -> str:
    """A mean with its standard error, where there is more than one value."""
    error = f" ± {statistics.stdev(values) / math.sqrt(len(values)):.3f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3f}{error}"
