"""How well each cleaning step finds what was planted in a raw crawl, over five seeds that no threshold was chosen on.

The thresholds were chosen on the seeds 0, 1 and 2.
"""

import time
from collections.abc import Sequence

from recording import record

from helpers import checkpoints
from helpers.corpora import tales
from helpers.corpora.boilerplate import shared_lines, trimmed
from helpers.corpora.cleaning import Corpus, cleaning_steps
from helpers.corpora.contamination import leaks
from helpers.corpora.crawl import SHARES, crawl
from helpers.corpora.detection import Detection, detection
from helpers.corpora.funnel import UNREADABLE, Stage, dirty, judged, judged_overall, removed, size, stages, true_copies
from helpers.corpora.minhash import MinHash, candidate_pairs, collision_probability, near_duplicate_clusters
from helpers.corpora.near_duplicates import copies, jaccard
from helpers.evaluation import mean_with_error
from helpers.training.batches import story_batch
from helpers.training.packing import filler_share, packed

SEEDS = [11, 12, 13, 14, 15]
N_DOCUMENTS = 1500
THRESHOLDS = [0.15, 0.3, 0.45, 0.7]
AT_MOST = [1, 3, 5, 10]
SIMILARITIES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]

Values = dict[str, list[float]]


def summary(found: Sequence[Detection]) -> dict[str, Values]:
    """Precision and recall, each with its mean and standard error over the seeds, and the seeds' own values."""
    shares = {"precision": [d.precision.value for d in found], "recall": [d.recall.value for d in found]}
    return {name: {"mean": list(mean_with_error(values)), "by_seed": values} for name, values in shares.items()}


def by_threshold(before: Corpus) -> list[Detection]:
    """Near-duplicates at several thresholds of similarity."""
    numbers, texts, true = list(before), [d.text for d in before.values()], true_copies(before)
    found = (copies(near_duplicate_clusters(texts, threshold)) for threshold in THRESHOLDS)
    return [detection({numbers[place] for place in gone}, true) for gone in found]


def by_sharing(raw: Corpus) -> list[Detection]:
    """Boilerplate by how many pages may share a line."""
    found = []
    for at_most in AT_MOST:
        shared = shared_lines([d.text for d in raw.values()], at_most)
        after = {i: d.with_text(trimmed(d.text, shared)) for i, d in raw.items()}
        found.append(judged(Stage("boilerplate", raw, after)))
    return found


def one_run_is_enough(before: Corpus, held_out: list[str]) -> Detection:
    """Leaks as in GPT-3: a single shared run of 13 words condemns."""
    numbers = list(before)
    gone = {numbers[leak.document] for leak in leaks([d.text for d in before.values()], held_out)}
    return detection(gone, dirty(before, {"leak", "edited leak"}))


def meetings(n_bands: int = 32, n_rows: int = 4, n_seeds: int = 200) -> dict[str, list[float]]:
    """How often two sets of known similarity share a band, and how often they should."""
    measured, expected = [], []
    for similarity in SIMILARITIES:
        own = round(100 * (1 - similarity) / (1 + similarity))
        common = [f"both {i}" for i in range(100 - own)]
        a, b = (frozenset([*common, *(f"{side} {i}" for i in range(own))]) for side in "ab")
        signatures = [MinHash(n_bands * n_rows, seed).signatures([a, b]) for seed in range(n_seeds)]
        measured.append(sum(bool(candidate_pairs(s, n_bands)) for s in signatures) / n_seeds)
        expected.append(collision_probability(jaccard(a, b), n_bands, n_rows))
    return {"similarity": SIMILARITIES, "measured": measured, "expected": expected}


def recall_by_dirt(raw: Corpus, last: Corpus) -> dict[str, float]:
    """What share of each planted kind was dropped by all steps together; copies by what an earlier one told."""
    kinds = {kind: dirty(raw, {kind}) for kind in (*sorted(UNREADABLE), "leak", "edited leak")}
    kinds["copies"] = true_copies(raw)
    kinds["clean (wrongly dropped)"] = dirty(raw, {"", "boilerplate"}) - kinds["copies"]
    return {kind: len(numbers - set(last)) / len(numbers) for kind, numbers in kinds.items()}


def filler(seed: int, context_length: int = 256) -> dict[str, float]:
    """The share of places computed in vain: one story a row in batches of 32, and packed."""
    tokenizer, texts = checkpoints.load("gpt-tales")[1], tales.stories(320, seed)
    rows = [filler_share(story_batch(texts[i : i + 32], tokenizer, context_length)) for i in range(0, 320, 32)]
    windows = packed(tokenizer.encode_batch(texts), context_length, tokenizer.eot_id)
    return {"rows": sum(rows) / len(rows), "packed": filler_share(windows)}


def funnel(raw: Corpus, run: list[Stage]) -> dict[str, dict[str, list[int]]]:
    """Documents and words of each source in the crawl, what each step removed, and what was left."""
    rows = {"crawl": size(raw), **{stage.step: removed(stage) for stage in run}, "left": size(run[-1].after)}
    return {name: {source: list(counts) for source, counts in row.items()} for name, row in rows.items()}


if __name__ == "__main__":
    judgements: dict[str, list[Detection]] = {}
    kinds: list[dict[str, float]] = []
    thresholds, sharing, funnels = [], [], []
    for seed in SEEDS:
        home = crawl(N_DOCUMENTS, seed)
        raw = dict(enumerate(home.documents))
        run = list(stages(raw, cleaning_steps(home.held_out)))
        before = {stage.step: stage.before for stage in run}
        found = {stage.step: judged(stage) for stage in run}
        found["all steps"] = judged_overall(raw, run[-1].after)
        found["leaks, one run"] = one_run_is_enough(before["leaks"], home.held_out)
        for name, value in found.items():
            judgements.setdefault(name, []).append(value)
        kinds.append(recall_by_dirt(raw, run[-1].after))
        thresholds.append(by_threshold(before["near-duplicates"]))
        sharing.append(by_sharing(raw))
        funnels.append(funnel(raw, run))
        print(seed, {name: f"{p.value:.3f} {r.value:.3f}" for name, (p, r) in found.items()}, flush=True)
    fillers = [filler(seed) for seed in SEEDS]
    values = {
        "n_documents": N_DOCUMENTS,
        "shares": SHARES,
        "steps": {name: summary(found) for name, found in judgements.items()},
        "dropped_by_dirt": {kind: list(mean_with_error([k[kind] for k in kinds])) for kind in kinds[0]},
        "near_duplicates_by_threshold": [
            {"threshold": t, **summary(found)}
            for t, found in zip(THRESHOLDS, zip(*thresholds, strict=True), strict=True)
        ],
        "boilerplate_by_pages_that_may_share_a_line": [
            {"at_most": n, **summary(found)} for n, found in zip(AT_MOST, zip(*sharing, strict=True), strict=True)
        ],
        "bands": meetings(),
        "filler": {way: list(mean_with_error([f[way] for f in fillers])) for way in fillers[0]},
        "funnel": funnels[0],
    }
    # Seconds of one core, whatever else the machine was doing.
    record("data_cleaning", values, SEEDS, began=time.time() - time.process_time())
