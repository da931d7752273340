"""How the chapter's GPT is trained. The notebook says the same in its own cells and asserts that the record agrees."""

from collections.abc import Iterator
from typing import Any

from helpers import training
from helpers.corpora import tales
from helpers.evaluation import row_nats
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import best_device, seed_everything
from helpers.tokenizers import BPETokenizer

N_MERGES = 768
STORIES_PER_BATCH = 8
LEARNING_RATE = 8e-3
N_STEPS = 600
N_WARMUP = 20
SIZES = {"context_length": 256, "d_model": 96, "n_layers": 3, "n_heads": 3}
# LLaMA's words at the same width and depth; four heads, so that two can share a key/value head.
LLAMA = {
    "n_heads": 4, "n_kv_heads": 2, "norm": "rms_norm", "positions": "rope", "mlp": "swiglu", "bias": False,
    "tie_embeddings": False,
}  # fmt: skip


def tales_tokenizer() -> BPETokenizer:
    """The tokenizer of every GPT on Tales."""
    return BPETokenizer.train(tales.stories(1500, seed=1), n_merges=N_MERGES)


def gpt_on_tales(
    tokenizer: BPETokenizer, seed: int, n_steps: int = N_STEPS, lr: float = LEARNING_RATE, **words: Any
) -> tuple[Decoder, Iterator[training.loop.Record]]:
    """A fresh GPT and the run that trains it, step by step; weights and stories follow from the seed.

    Other `words` of the configuration make another decoder of it, on the same stories.
    """
    seed_everything(seed)
    model = Decoder(DecoderConfig(vocab_size=tokenizer.vocab_size, **{**SIZES, **words})).to(best_device())
    batches = training.StoryBatches(
        lambda batch_seed: tales.stories(STORIES_PER_BATCH, batch_seed), tokenizer, SIZES["context_length"], seed + 1
    )
    schedule = training.warmup_cosine(n_steps, N_WARMUP)
    optimizer = training.adamw(model, lr)
    return model, training.train(model, batches, training.next_token_loss, optimizer, schedule, n_steps)


def gaps_to_floor(model: Decoder, tokenizer: BPETokenizer, n_stories: int = 400, language: str = "en") -> list[float]:
    """Nats by which the model's surprise exceeds the true one, story by story, on stories it has not seen."""
    stories = tales.stories(n_stories, 10**9, language)
    batch = training.story_batch(stories, tokenizer, model.config.context_length)
    nats = row_nats(model, batch.inputs, batch.targets)
    return [n + tales.log_prob(story, language) for n, story in zip(nats, stories, strict=True)]
