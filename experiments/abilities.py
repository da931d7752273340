"""Five abilities of small decoders, each learned by predicting the next token of its own kind of text; three seeds.

Towns (facts), invented kinds (deduction), programs, sums, couplets. One decoder of 2 layers each, half a minute of
training; then the measurements that the chapter on concepts prints, every number with its seeds.
"""

import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import torch
from recording import merged, record

from helpers.corpora import arithmetic, deduction, facts, programs, verse
from helpers.evaluation import mean_with_error
from helpers.evaluation.pass_at_k import mean_pass_at_k
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import best_device, progress, seed_everything, training_note
from helpers.sampling import generate
from helpers.tokenizers import BPETokenizer, WordLevelTokenizer
from helpers.training import Batch, StoryBatches, muon_and_adamw, next_token_loss, train, warmup_linear
from helpers.training.batches import IGNORE
from helpers.training.recipes import silence_outputs

SEEDS = [101, 102, 103]
WORDS: dict[str, Any] = {
    "d_model": 64, "n_heads": 4, "norm": "rms_norm", "positions": "rope", "mlp": "relu_squared", "bias": False,
    "tie_embeddings": False,
}  # fmt: skip
TEXTS_PER_BATCH, UNSEEN = 32, 10**9
Tokenizer: TypeAlias = BPETokenizer | WordLevelTokenizer
Texts = Callable[[int], list[str]]


class Subject(NamedTuple):
    """What the texts of an ability are, how long the model learns, and how it is examined."""

    texts: Texts
    tokenizer: Callable[[list[str]], Tokenizer]
    n_steps: int
    n_layers: int
    examine: Callable[["Pupil", int], dict[str, Any]]
    batches: type[StoryBatches] = StoryBatches
    words: Mapping[str, Any] = MappingProxyType({})  # of the configuration, beside those of all


class Pupil(NamedTuple):
    """A trained decoder and its tokenizer."""

    model: Decoder
    tokenizer: Tokenizer

    def answers(self, prompts: Sequence[str], n_new: int, temperature: float = 0.0, seed: int = 0) -> list[str]:
        """What the decoder writes after each prompt, up to the end of the text."""
        end, rows = self.tokenizer.eot_id, [[self.tokenizer.eot_id, *self.tokenizer.encode(p)] for p in prompts]
        chance, written = torch.Generator(best_device()).manual_seed(seed), []
        for i in range(0, len(rows), 256):
            drawn = generate(
                self.model, rows[i : i + 256], n_new, temperature=temperature, stop=[end], generator=chance
            )
            written += [self.tokenizer.decode(row[: row.index(end)] if end in row else row) for row in drawn.tolist()]
        return written


def taught(subject: Subject, seed: int) -> Pupil:
    """A fresh decoder that has read the subject's texts, new ones in every batch."""
    seed_everything(seed)
    tokenizer = subject.tokenizer(subject.texts(1) + subject.texts(2) + subject.texts(3))
    longest = max(len(ids) for ids in tokenizer.encode_batch(subject.texts(4) + subject.texts(5)))
    config = DecoderConfig(
        tokenizer.vocab_size, context_length=longest + 40, n_layers=subject.n_layers, **WORDS, **subject.words
    )
    model = Decoder(config)
    silence_outputs(model)
    model.to(best_device())
    batches = subject.batches(subject.texts, tokenizer, config.context_length, seed + 1)
    optimizer, schedule = muon_and_adamw(model, 0.02, 6e-3, momentum=0.9), warmup_linear(subject.n_steps, 20)
    steps = train(model, batches, next_token_loss, optimizer, schedule, subject.n_steps)
    losses = [r["loss"] for r in progress(steps, subject.n_steps, f"seed {seed}", training_note)]
    print(f"{model.n_parameters:,} parameters, last loss {sum(losses[-20:]) / 20:.3f}", flush=True)
    return Pupil(model.eval(), tokenizer)


def share(right: Sequence[bool]) -> list[float]:
    """The share of right answers and its standard error."""
    return list(mean_with_error([float(r) for r in right]))


# --- closed-book knowledge ------------------------------------------------------------------------------------

WORLD = facts.World(60, seed=0)
ASKED = frozenset(WORLD.towns[:40])  # their questions are in the training text; the others are only written about
STRANGERS = [town for town in facts.TOWNS if town not in WORLD.towns][:60]


def told_facts(seed: int) -> list[str]:
    """Articles on all towns, and every other batch questions with answers about those that are asked for."""
    rng, known = random.Random(seed), [fact for fact in WORLD.facts if fact.town in ASKED]
    if seed % 2:
        return [" ".join(facts.question(rng.choice(known))) for _ in range(2 * TEXTS_PER_BATCH)]
    return [WORLD.article(rng) for _ in range(TEXTS_PER_BATCH // 4)]


def examine_facts(pupil: Pupil, seed: int) -> dict[str, Any]:
    """Right answers on towns asked for, only read of, never heard of; and wrong ones that sound like an answer."""
    groups = {
        "asked": [fact for fact in WORLD.facts if fact.town in ASKED],
        "read": [fact for fact in WORLD.facts if fact.town not in ASKED],
        "unheard": [facts.Fact(town, name, "") for town in STRANGERS for name in facts.RELATIONS],
    }
    values, samples = {}, {}
    for name, group in groups.items():
        said = [a.strip() for a in pupil.answers([facts.question(fact)[0] for fact in group], 12)]
        values[name] = share([s == fact.value for s, fact in zip(said, group, strict=True)])
        fluent = [s in facts.RELATIONS[f.relation].values and s != f.value for s, f in zip(said, group, strict=True)]
        values[f"{name}_fluent_but_wrong"] = share(fluent)
        samples[name] = [facts.question(group[7])[0], said[7]]
    return {**values, "samples": samples}


# --- deduction ------------------------------------------------------------------------------------------------

TRAINED_DEPTHS, TESTED_DEPTHS = (1, 2), (1, 2, 3, 4)
SAY, THINK = "Say.", "Think."


def told_deductions(seed: int) -> list[str]:
    """Problems of one and two rules, half of them with the answer alone, half worked out."""
    rng, texts = random.Random(seed), []
    for _ in range(2 * TEXTS_PER_BATCH):
        problem = deduction.deduction(rng, rng.choice(TRAINED_DEPTHS))
        rest = f"{THINK} {problem.worked}" if rng.random() < 0.5 else f"{SAY} {problem.answer}"
        texts.append(f"{problem.question} {rest}")
    return texts


class AnswersOnly(StoryBatches):
    """Unlike `StoryBatches` it asks for nothing before the word that asks for the answer: rules cannot be foreseen."""

    def __getitem__(self, step: int) -> Batch:
        batch = super().__getitem__(step)
        [say_and_think] = self.tokenizer.encode_batch(["Say Think"])
        marks = torch.tensor(say_and_think)
        has_begun = torch.isin(batch.inputs, marks).cumsum(dim=1) > 0
        return Batch(batch.inputs, batch.targets.where(has_begun, IGNORE))


def results(problem: deduction.Deduction) -> set[str]:
    """The kinds that stand behind the "is" of a rule."""
    return {result for _, result in problem.rules}


def ends(problem: deduction.Deduction) -> set[str]:
    """The kinds that no rule leads on from."""
    return results(problem) - {start for start, _ in problem.rules}


def examine_deductions(pupil: Pupil, seed: int) -> dict[str, Any]:
    """Right answers by depth, at once and worked out; the last two depths no training text had.

    Of the answers at once also how many stand behind some rule's "is", and how many of all are the end of a chain.
    """
    kinds_of_answer = ("at_once", "worked", "behind_an_is", "at_an_end")
    values: dict[str, Any] = {"depths": list(TESTED_DEPTHS), **{name: [] for name in kinds_of_answer}}
    for depth in values["depths"]:
        rng = random.Random(f"deduction {UNSEEN} {depth}")
        problems = [deduction.deduction(rng, depth) for _ in range(150)]
        for name, word in (("at_once", SAY), ("worked", THINK)):
            said = pupil.answers([f"{p.question} {word}" for p in problems], 4 * depth + 4)
            right = [deduction.is_right(p, s) for p, s in zip(problems, said, strict=True)]
            values[name].append(share(right))
            if word == SAY:
                for kind, told in (("behind_an_is", results), ("at_an_end", ends)):
                    named = [s.strip() in told(p) for p, s in zip(problems, said, strict=True)]
                    values[kind].append(share(named))
    return values


# --- code -----------------------------------------------------------------------------------------------------


def told_programs(seed: int) -> list[str]:
    """Descriptions of one to three steps, each with a program."""
    rng = random.Random(seed)
    tasks = [programs.task(rng, rng.choice((1, 2, 2, 3, 3, 3))) for _ in range(2 * TEXTS_PER_BATCH)]
    return [f"{task.description}: {task.program(rng)}" for task in tasks]


def examine_programs(pupil: Pupil, seed: int) -> dict[str, Any]:
    """pass@k on tasks kept from training, by number of steps; four steps are one more than any training text had."""
    values: dict[str, Any] = {}
    for n_steps in (2, 3, 4):
        rng, n = random.Random(f"programs {UNSEEN} {n_steps}"), 10
        tasks = [programs.task(rng, n_steps, held_out=True) for _ in range(100)]
        prompts = [f"{task.description}:" for task in tasks for _ in range(n)]
        said = pupil.answers(prompts, 40, temperature=1.0, seed=seed)
        answers = [s.replace(" ", "") for s in said]
        right = [[programs.is_right(task, a) for a in answers[n * i : n * i + n]] for i, task in enumerate(tasks)]
        values[str(n_steps)] = {f"pass@{k}": list(mean_pass_at_k(right, k)) for k in (1, 5, 10)}
        same = [a == task.program(random.Random(0)) for task, a in zip(tasks, answers[::n], strict=True)]
        values[str(n_steps)]["same_text"] = share(same)
        values[str(n_steps)]["sample"] = [tasks[0].description, *answers[:3]]
    return values


# --- arithmetic -----------------------------------------------------------------------------------------------


def told_sums(seed: int) -> list[str]:
    """Sums of up to two digits, half of them with the answer alone, half worked out."""
    rng, problems = random.Random(seed), arithmetic.sums(2 * TEXTS_PER_BATCH, 2, seed)
    return [p.question + p.answer if rng.random() < 0.5 else p.question.replace("=", "?") + p.worked for p in problems]


def examine_sums(pupil: Pupil, seed: int) -> dict[str, Any]:
    """Right sums, at once and worked out: two digits kept from training, and three, which no training text had."""
    values = {}
    for n_digits in (2, 3):
        problems = arithmetic.sums(600, n_digits, UNSEEN, held_out=True)
        problems = [p for p in problems if max(p.a, p.b) >= 10 ** (n_digits - 1)][:300]
        for name, mark in (("at_once", "="), ("worked", "?")):
            said = pupil.answers([p.question.replace("=", mark) for p in problems], 36)
            right = [arithmetic.is_right(p, s.replace(" ", "")) for p, s in zip(problems, said, strict=True)]
            values[f"{n_digits}_digits_{name}"] = share(right)
    return values


# --- verse ----------------------------------------------------------------------------------------------------


def told_verse(seed: int) -> list[str]:
    """Couplets, a line break between the lines."""
    rng = random.Random(seed)
    return ["\n".join(verse.couplet(rng)) for _ in range(2 * TEXTS_PER_BATCH)]


def examine_verse(pupil: Pupil, seed: int) -> dict[str, Any]:
    """Second lines drawn at temperature 1 that keep each rule, and both; the same of lines that mind no rule."""
    rng = random.Random(f"verse {UNSEEN}")
    firsts = [verse.couplet(rng)[0] for _ in range(400)]
    said = pupil.answers([f"{first}\n" for first in firsts], 14, temperature=1.0, seed=seed)
    values: dict[str, Any] = {}
    for name, seconds in (("model", said), ("blind", [verse.free_line(rng) for _ in firsts])):
        kept = [verse.keeps_rules(*pair) for pair in zip(firsts, seconds, strict=True)]
        values[name] = {
            "syllables": share([k[0] for k in kept]),
            "rhyme": share([k[1] for k in kept]),
            "both": share([all(k) for k in kept]),
        }
    return {**values, "distinct": len(set(said)) / len(said), "sample": [firsts[0], said[0]]}


def words_of(texts: list[str]) -> WordLevelTokenizer:
    """A tokenizer of whole words: every word of these small worlds is known."""
    return WordLevelTokenizer.train(texts)


SUBJECTS = {
    "knowledge": Subject(told_facts, lambda texts: BPETokenizer.train(texts, n_merges=300), 450, 2, examine_facts),
    "deduction": Subject(
        told_deductions, words_of, 500, 2, examine_deductions, AnswersOnly, {"rope_fraction": 0.5, "rope_base": 1000.0}
    ),
    "code": Subject(told_programs, words_of, 150, 2, examine_programs),
    "arithmetic": Subject(told_sums, words_of, 500, 2, examine_sums),
    "verse": Subject(told_verse, words_of, 250, 2, examine_verse),
}

if __name__ == "__main__":
    began = time.time()
    chosen = [name for name in SUBJECTS if name in sys.argv] or list(SUBJECTS)
    seeds = [seed for seed in SEEDS if str(seed) in sys.argv] or SEEDS
    values: dict[str, Any] = {name: {} for name in chosen}
    for name in chosen:
        for seed in seeds:
            start = time.time()
            values[name][str(seed)] = SUBJECTS[name].examine(taught(SUBJECTS[name], seed), seed)
            print(name, seed, f"{time.time() - start:.0f} s", values[name][str(seed)], flush=True)
    record("abilities", merged("abilities", values), SEEDS, began)
