"""Fine-tuned against from scratch, by the number of labels, over five seeds: did the hero help the stranger?"""

import random
import time

import torch
from recording import record

from helpers import checkpoints, training
from helpers.corpora import tales
from helpers.models import Classifier, Decoder
from helpers.runtime import seed_everything

SEEDS = [1, 2, 3, 4, 5]
N_LABELS = [16, 64, 256]
LEARNING_RATES = [1e-3, 3e-3]  # each way takes the better of the two, so that neither is held back by the other's
N_STEPS = 40
TOKENIZER = checkpoints.load("gpt-tales")[1]


def helped(n: int, seed: int) -> training.LabelledBatch:
    """`n` stories, half of them with a hero who helped (class 1)."""
    chance, kept = random.Random(f"fine-tuning {seed}"), {"no": [], "yes": []}
    while min(map(len, kept.values())) < n // 2:
        story = tales.tale(chance)
        kept[story.world["helped"]].append(story.text)
    texts = kept["no"][: n // 2] + kept["yes"][: n // 2]
    return training.labelled_batch(texts, [0] * (n // 2) + [1] * (n // 2), TOKENIZER, 256)


def accuracy(decoder: Decoder, n_labels: int, lr: float, seed: int) -> float:
    """Share of 200 new stories that are classified right after training on `n_labels`."""
    seed_everything(seed)
    classifier = Classifier(decoder, 2)
    batches = training.LabelledBatches(helped(n_labels, seed), 16, seed)
    optimizer, schedule = training.adamw(classifier, lr), training.warmup_cosine(N_STEPS, 4)
    for _ in training.train(classifier, batches, training.classification_loss, optimizer, schedule, N_STEPS):
        pass
    test = helped(200, seed=0)
    with torch.inference_mode():
        return (classifier(test.inputs, test.last).argmax(1) == test.labels).float().mean().item()


def fresh(seed: int) -> Decoder:
    """The shipped model's shape with new weights."""
    seed_everything(seed)
    return Decoder(checkpoints.load("gpt-tales")[0].config)


if __name__ == "__main__":
    began = time.time()
    starts = {"scratch": fresh, "fine_tuned": lambda seed: checkpoints.load("gpt-tales")[0]}
    values: dict[str, list] = {"n_labels": N_LABELS, "scratch": [], "fine_tuned": []}
    for name, start in starts.items():
        for n in N_LABELS:
            by_rate = [[accuracy(start(seed), n, lr, seed) for seed in SEEDS] for lr in LEARNING_RATES]
            values[name].append(max(by_rate, key=sum))
            print(name, n, by_rate, flush=True)
    record("gpt_fine_tuning", values, SEEDS, began)
