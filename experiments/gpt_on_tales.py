"""Five seeds of the chapter's GPT, among which a reader's own run should lie, and the levels to measure them by."""

import math
import time

from gpt_recipe import gaps_to_floor, gpt_on_tales, tales_tokenizer
from recording import record

from helpers.corpora import tales
from helpers.evaluation import mean_with_error
from helpers.models.ngram import NGram
from helpers.runtime import progress, training_note
from helpers.tokenizers import BPETokenizer
from helpers.training.batches import end_marked

SEEDS = [101, 102, 103, 104, 105]
WINDOW = 10  # steps over which a curve is averaged


def curve_of(seed: int) -> dict[str, object]:
    """The smoothed training loss of one seed and its gap to the floor, in nats a story."""
    tokenizer = tales_tokenizer()
    model, steps = gpt_on_tales(tokenizer, seed)
    losses = [r["loss"] for r in progress(steps, title=f"seed {seed}", note=training_note)]
    smooth = [sum(losses[i : i + WINDOW]) / WINDOW for i in range(0, len(losses) - WINDOW + 1, WINDOW)]
    gap = mean_with_error(gaps_to_floor(model, tokenizer))
    print(f"seed {seed}: {gap} nats a story above the floor", flush=True)
    return {"loss": smooth, "gap": list(gap), "config": model.config.to_dict()}


def levels(tokenizer: BPETokenizer) -> dict[str, float]:
    """Nats a token on unseen stories for those who know nothing, count tokens, count pairs, or know all there is."""
    counted, unseen = tales.stories(1500, seed=2), tales.stories(400, seed=10**9)
    rows, unseen_rows = end_marked(counted, tokenizer), end_marked(unseen, tokenizer)
    n_tokens = sum(len(row) - 1 for row in unseen_rows)
    known = {"uniform": math.log(tokenizer.vocab_size)}
    for order, name in [(1, "unigram"), (2, "bigram")]:
        counting = NGram(order, tokenizer.vocab_size).fit(rows)
        known[name] = sum(map(counting.nats, unseen_rows)) / n_tokens
    return known | {"floor": -sum(map(tales.log_prob, unseen)) / n_tokens}


if __name__ == "__main__":
    began = time.time()
    runs = [curve_of(seed) for seed in SEEDS]
    curves = [run["loss"] for run in runs]
    values = {
        "config": runs[0]["config"],
        "levels": levels(tales_tokenizer()),
        "steps": [WINDOW // 2 + WINDOW * i for i in range(len(curves[0]))],
        "losses": curves,
        "gaps": [run["gap"] for run in runs],
    }
    record("gpt_on_tales", values, SEEDS, began)
