"""Three ways to learn from the same texts (next word, masked words, cut spans), and what each is good for afterwards.

Every text is the first 80 words of a tale. The three models read the same texts, as many steps, with the same
optimizer. Then the masked one is fine-tuned to classify, the one of spans to answer in words,
each beside fresh weights.
With the argument "longer" the masked one alone is trained for more steps first; with "short" it is as trained, and
fine-tuned for a third of the steps. Their values join the record,
so these two come after the run without an argument.
"""

import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

import torch
from recording import merged, record
from torch import Tensor, nn

from helpers import training
from helpers.corpora import tales
from helpers.corpora.gaps import fillings
from helpers.models import Decoder, DecoderConfig, EncoderConfig, EncoderDecoder, MaskedLanguageModel, preset
from helpers.models.encoder_classifier import EncoderClassifier
from helpers.runtime import seed_everything
from helpers.tokenizers import WordTokenizer
from helpers.training.batches import batch_seed, padded
from helpers.training.masked import MaskedBatches, masked_token_loss
from helpers.training.source_target import SourceTargetBatches, source_target_batch, target_loss
from helpers.training.spans import corrupt_spans

SEEDS = [101, 102, 103]
N_WORDS, N_TEXTS = 80, 32
N_STEPS = 300
N_LABELS = [16, 64, 256]
MARKS = [f"<{i}>" for i in range(6)]
SPECIAL = ["<|endoftext|>", "[CLS]", "[MASK]", *MARKS]
TOKENIZER = WordTokenizer([*tales.vocabulary(), "yes", "no", "Did", "help"], SPECIAL)
END, CLS, MASK = (TOKENIZER.special[name] for name in ("<|endoftext|>", "[CLS]", "[MASK]"))
SENTINELS = [TOKENIZER.special[mark] for mark in MARKS]
WORDS = range(len(TOKENIZER.special), TOKENIZER.vocab_size)
SIZES = {"d_model": 64, "n_layers": 2, "n_heads": 4}
BERT = EncoderConfig(TOKENIZER.vocab_size, 128, **SIZES)
GPT = DecoderConfig(TOKENIZER.vocab_size, 128, **SIZES)
T5 = preset("t5-small").but(vocab_size=TOKENIZER.vocab_size, **SIZES, d_head=16, d_ff=256)


def openings(seed: int, n: int = N_TEXTS) -> list[list[int]]:
    """The first words of `n` tales, as ids."""
    return [TOKENIZER.encode(tales.words(text)[:N_WORDS]) for text in tales.stories(n, seed)]


class NextWord:
    """The same texts, each word asked for after those before it."""

    def __init__(self, seed: int):
        self.seed = seed

    def __getitem__(self, step: int) -> training.Batch:
        ids = torch.tensor([[CLS, *row] for row in openings(batch_seed(self.seed, step))])
        return training.Batch(ids[:, :-1], ids[:, 1:])


def masked_rows(seed: int) -> list[list[int]]:
    """What BERT reads: [CLS] and the text."""
    return [[CLS, *row] for row in openings(seed)]


def spans(seed: int) -> tuple[list[list[int]], list[list[int]]]:
    """What T5 reads and what it must write."""
    chance = random.Random(seed)
    cut = [corrupt_spans(row, SENTINELS, chance) for row in openings(seed)]
    return [source for source, _ in cut], [target for _, target in cut]


def questions(n: int, seed: int) -> tuple[list[list[int]], list[list[int]]]:
    """Tales with a question before them, and its answer in a word: who gave the present, or whether the hero helped."""
    chance, sources, targets = random.Random(f"questions {seed}"), [], []
    for i in range(n):
        story = tales.tale(chance)
        while i % 2 and story.world["helped"] != ("yes", "no")[i // 2 % 2]:
            story = tales.tale(chance)
        asked = "Did {hero} help {stranger}?" if i % 2 else "Who gave {hero} the {thing}?"
        words = tales.words(asked.format(**story.world)) + list(story.words[:N_WORDS])
        sources.append(TOKENIZER.encode(words))
        targets.append(TOKENIZER.encode([story.world["helped" if i % 2 else "giver"]]))
    return sources, targets


def trained(model: nn.Module, batches: object, loss: Callable, n_steps: int, warmup: int = 20) -> list[float]:
    """The model trained in place; its loss at every step."""
    optimizer = training.muon_and_adamw(model, 0.02, 0.006)
    schedule = training.warmup_cosine(n_steps, warmup)
    return [r["loss"] for r in training.train(model, batches, loss, optimizer, schedule, n_steps)]


HELD_OUT = openings(10**9, 200)
CHANCE = random.Random(0)
GAPS = [CHANCE.randrange(1, N_WORDS) for _ in HELD_OUT]


def surprises(log_probs: Callable[[list[int], int], Tensor]) -> dict[str, float]:
    """Mean surprise in nats, and share of first choices that are right, at one gap in each held-out text."""
    with torch.inference_mode():
        said = [(log_probs(ids, place), ids[place]) for ids, place in zip(HELD_OUT, GAPS, strict=True)]
    nats = [-log[word].item() for log, word in said]
    return {"nats": sum(nats) / len(nats), "right": sum(log.argmax().item() == word for log, word in said) / len(said)}


def masked_says(model: MaskedLanguageModel) -> Callable[[list[int], int], Tensor]:
    """Log-probabilities in a gap, from both sides."""

    def say(ids: list[int], place: int) -> Tensor:
        return model(torch.tensor([[CLS, *ids[:place], MASK, *ids[place + 1 :]]]))[0, place + 1].log_softmax(-1)

    return say


def causal_says(model: Decoder) -> Callable[[list[int], int], Tensor]:
    """Log-probabilities in a gap, from the left side."""
    return lambda ids, place: model(torch.tensor([[CLS, *ids[:place]]]))[0, -1].log_softmax(-1)


def floors() -> dict[str, float]:
    """The storyteller's own mean surprise at the same gaps, from the left side and from both; and the unigram's."""
    left = both = 0.0
    for ids, place in zip(HELD_OUT, GAPS, strict=True):
        words = TOKENIZER.decode(ids)
        left -= math.log(tales.next_words(tales.join(words[:place]))[words[place]]) / len(GAPS)
        both -= math.log(fillings(words, place)[words[place]]) / len(GAPS)
    counts = Counter(i for row in openings(7, 1500) for i in row)
    total = counts.total() + len(WORDS)
    unigram = -sum(math.log((counts[ids[p]] + 1) / total) for ids, p in zip(HELD_OUT, GAPS, strict=True)) / len(GAPS)
    return {"unigram": unigram, "left": left, "both": both}


def right_in_holes(masked: MaskedLanguageModel, causal: Decoder, seq2seq: EncoderDecoder) -> dict[str, float]:
    """Share of spans whose first word each model gets right, on the same cut texts."""
    right = {"causal": 0, "masked": 0, "span": 0}
    n = 0
    for i, ids in enumerate(HELD_OUT):
        source, target = corrupt_spans(ids, SENTINELS, random.Random(i))
        whole, hidden, starts = [], [], [], iter(target)
        pieces = "".join("\n" * (t in SENTINELS) + f"{t} " for t in target).split("\n")[1:]
        spans_of = {int(p.split()[0]): [int(t) for t in p.split()[1:]] for p in pieces}
        for t in source:
            starts += [len(whole)] if t in SENTINELS else []
            whole += spans_of[t] if t in SENTINELS else [t]
            hidden += [MASK] * len(spans_of[t]) if t in SENTINELS else [t]
        assert whole == ids
        with torch.inference_mode():
            m = masked(torch.tensor([[CLS, *hidden]]))[0, 1:].argmax(-1).tolist()
            c = causal(torch.tensor([[CLS, *ids]]))[0].argmax(-1).tolist()
            written = torch.tensor([[END, *target]])
            s = seq2seq(torch.tensor([[*source, END]]), written)[0].argmax(-1).tolist()
        marks = [j for j, t in enumerate(written[0].tolist()) if t in SENTINELS][: len(starts)]
        for place, mark in zip(starts, marks, strict=True):
            n += 1
            right["masked"] += m[place] == ids[place]
            right["causal"] += c[place] == ids[place]
            right["span"] += s[mark] == ids[place]
    return {name: hits / n for name, hits in right.items()}


def helped(n: int, seed: int) -> training.LabelledBatch:
    """`n` openings, half of them with a hero who helped (class 1)."""
    chance, kept = random.Random(f"helped {seed}"), {"no": [], "yes": []}
    while min(map(len, kept.values())) < n // 2:
        story = tales.tale(chance)
        kept[story.world["helped"]].append([CLS, *TOKENIZER.encode(story.words[:N_WORDS])])
    rows = kept["no"][: n // 2] + kept["yes"][: n // 2]
    last = torch.tensor([len(row) - 1 for row in rows])
    return training.LabelledBatch(padded(rows, 0), last, torch.tensor([0] * (n // 2) + [1] * (n // 2)))


def accuracy(masked: MaskedLanguageModel, n_labels: int, lr: float, seed: int, n_steps: int = 60) -> float:
    """Share of 200 new openings classified right after training on `n_labels`."""
    seed_everything(seed)
    classifier = EncoderClassifier(masked.encoder, 2)
    batches = training.LabelledBatches(helped(n_labels, seed), 16, seed)
    optimizer, schedule = training.adamw(classifier, lr), training.warmup_cosine(n_steps, 6)
    for _ in training.train(classifier, batches, training.classification_loss, optimizer, schedule, n_steps):
        pass
    test = helped(200, 0)
    with torch.inference_mode():
        return (classifier(test.inputs, test.last).argmax(1) == test.labels).float().mean().item()


def answers(model: EncoderDecoder) -> dict[str, float]:
    """Share of new questions that are answered right, by kind; each answer is one word."""
    batch = source_target_batch(*questions(200, 0), END)
    with torch.inference_mode():
        said = model(batch.sources, batch.inputs[:, :1], batch.source_mask)[:, 0].argmax(-1)
    right = (said == batch.targets[:, 0]).float()
    return {"giver": right[::2].mean().item(), "helped": right[1::2].mean().item()}


def copy_of(model: nn.Module, config: object) -> nn.Module:
    """Another model with the same weights."""
    other = type(model)(config)
    other.load_state_dict(model.state_dict())
    return other


def run(seed: int) -> dict[str, object]:
    """Everything for one seed."""
    seed_everything(seed)
    masked, causal, seq2seq = MaskedLanguageModel(BERT), Decoder(GPT), EncoderDecoder(T5)
    losses = trained(masked, MaskedBatches(masked_rows, MASK, WORDS, seed), masked_token_loss, N_STEPS)
    trained(causal, NextWord(seed), training.next_token_loss, N_STEPS)
    cut = trained(seq2seq, SourceTargetBatches(spans, END, seed), target_loss, N_STEPS)
    values = {
        "masked": surprises(masked_says(masked)), "causal": surprises(causal_says(causal)),
        "holes": right_in_holes(masked, causal, seq2seq),
        "loss": [sum(losses[i : i + 10]) / 10 for i in range(0, N_STEPS, 10)],
        "span_loss": [sum(cut[i : i + 10]) / 10 for i in range(0, N_STEPS, 10)],
    }  # fmt: skip
    print(seed, {k: v for k, v in values.items() if "loss" not in k}, values["loss"][-1], cut[-1], flush=True)
    for name, fresh in (("fine_tuned", False), ("scratch", True)):
        by_n = []
        for n in N_LABELS:
            starts = [MaskedLanguageModel(BERT) if fresh else copy_of(masked, BERT) for _ in range(2)]
            by_n.append([accuracy(start, n, lr, seed) for start, lr in zip(starts, (1e-3, 3e-3), strict=True)])
        values[name] = by_n
        start = EncoderDecoder(T5) if fresh else copy_of(seq2seq, T5)
        asked = SourceTargetBatches(lambda s: questions(16, s + 1), END, seed)
        trained(start, asked, target_loss, 200)
        values[f"answers_{name}"] = answers(start)
        print(seed, name, by_n, values[f"answers_{name}"], flush=True)
    return values


def main() -> None:
    """All seeds, and the levels that need no training."""
    began = time.time()
    runs = [run(seed) for seed in SEEDS]
    values: dict[str, object] = {"levels": floors(), "steps": list(range(5, N_STEPS, 10)), "n_labels": N_LABELS}
    values["losses"] = [r["loss"] for r in runs]
    values["span_losses"] = [r["span_loss"] for r in runs]
    for name in ("masked", "causal", "holes", "answers_fine_tuned", "answers_scratch"):
        values[name] = {key: [r[name][key] for r in runs] for key in runs[0][name]}
    for name in ("fine_tuned", "scratch"):  # each way with the better of the two rates
        table = torch.tensor([r[name] for r in runs])  # seed, labels, rate
        best = table.mean(0).argmax(1)
        values[name] = [table[:, i, rate].tolist() for i, rate in enumerate(best)]
        values[f"{name}_lr"] = [(1e-3, 3e-3)[rate] for rate in best]
    record("masked_and_causal", values, SEEDS, began)


LONGER = 1000


def longer() -> None:
    """More steps of masked language modelling, then the same fine-tuning."""
    began, gaps, table = time.time(), [], []
    for seed in SEEDS:
        seed_everything(seed)
        masked = MaskedLanguageModel(BERT)
        trained(masked, MaskedBatches(masked_rows, MASK, WORDS, seed), masked_token_loss, LONGER)
        gaps.append(surprises(masked_says(masked)))
        rates = (1e-3, 3e-3)
        table.append([[accuracy(copy_of(masked, BERT), n, lr, seed) for lr in rates] for n in N_LABELS])
        print(seed, gaps[-1], table[-1], flush=True)
    best = torch.tensor(table).mean(0).argmax(1)
    values = {
        "steps": LONGER,
        "masked": {key: [g[key] for g in gaps] for key in gaps[0]},
        "fine_tuned": [[t[i][rate] for t in table] for i, rate in enumerate(best)],
    }
    record("masked_and_causal", merged("masked_and_causal", {"longer": values}), SEEDS, began)


SHORT = 20


def short() -> None:
    """Fewer steps of fine-tuning, on 64 labels, at both rates; whatever comes out is recorded."""
    began, rates = time.time(), (1e-3, 3e-3)
    table: dict[str, list[list[float]]] = {"fine_tuned": [], "scratch": []}
    for seed in SEEDS:
        seed_everything(seed)
        masked = MaskedLanguageModel(BERT)
        trained(masked, MaskedBatches(masked_rows, MASK, WORDS, seed), masked_token_loss, N_STEPS)
        nats = surprises(masked_says(masked))["nats"]
        seed_everything(seed)
        fresh = MaskedLanguageModel(BERT)
        for name, start in (("fine_tuned", masked), ("scratch", fresh)):
            table[name].append([accuracy(copy_of(start, BERT), 64, lr, seed, SHORT) for lr in rates])
        print(seed, nats, {name: rows[-1] for name, rows in table.items()}, flush=True)
    values = {"steps": SHORT, "n_labels": 64, "rates": list(rates), **table}
    record("masked_and_causal", merged("masked_and_causal", {"short": values}), SEEDS, began)


if __name__ == "__main__":
    if "longer" in sys.argv:
        longer()
    elif "short" in sys.argv:
        short()
    else:
        main()
