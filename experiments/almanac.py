"""What a small model says about towns it has not read of, what lowers that, and which secrets it gives away; 3 seeds.

Three diets: the papers as they are, without papers that are equal, and with notes pasted at the ends of papers, which
no comparison of whole papers finds. On the first diet's model: two ways to lower the share of answers that sound right
and are not.
"""

import copy
import sys
import time
from typing import Any

from recording import merged, record

from helpers.corpora.almanac import COPIES, UNKNOWN, Almanac
from helpers.corpora.facts import RELATIONS, question
from helpers.evaluation.exposure import code_log_probs, exposure
from helpers.models import Decoder, DecoderConfig
from helpers.runtime import seed_everything
from helpers.sampling import generate
from helpers.tokenizers import BPETokenizer
from helpers.training import StoryBatches, muon_and_adamw, next_token_loss, train, warmup_linear
from helpers.training.recipes import silence_outputs

SEEDS = [101, 102, 103]
WORDS: dict[str, Any] = {
    "context_length": 80, "d_model": 64, "n_layers": 2, "n_heads": 4, "norm": "rms_norm", "positions": "rope",
    "mlp": "relu_squared", "bias": False, "tie_embeddings": False,
}  # fmt: skip
PER_BATCH, N_PAPERS = 16, 3200
ALMANAC = Almanac()


def fit(model: Decoder, tokenizer: BPETokenizer, texts: list[str], lr: float = 0.02) -> None:
    """One pass over the texts in their order."""
    n_steps = len(texts) // PER_BATCH
    batches = StoryBatches(lambda step: texts[step * PER_BATCH :][:PER_BATCH], tokenizer, WORDS["context_length"])
    optimizer = muon_and_adamw(model, lr, 0.3 * lr, momentum=0.9)
    list(train(model, batches, next_token_loss, optimizer, warmup_linear(n_steps, 20), n_steps))


def taught(tokenizer: BPETokenizer, papers: list[str], seed: int) -> Decoder:
    """A fresh decoder that has read the papers once."""
    seed_everything(seed)
    model = Decoder(DecoderConfig(tokenizer.vocab_size, **WORDS))
    silence_outputs(model)
    fit(model, tokenizer, papers)
    return model.eval()


def answers(model: Decoder, tokenizer: BPETokenizer, prompts: list[str]) -> list[str]:
    """The likeliest answers, at most ten tokens long."""
    end = tokenizer.eot_id
    rows = generate(model, [[end, *tokenizer.encode(prompt)] for prompt in prompts], 10, temperature=0, stop=[end])
    return [tokenizer.decode(row[: row.index(end)] if end in row else row).strip() for row in rows.tolist()]


def shares(model: Decoder, tokenizer: BPETokenizer) -> dict[str, float]:
    """Right and refused on known towns; on strangers answers that are refused or sound right; right with a passage."""
    known = [question(fact) for fact in ALMANAC.world.facts]
    strange = ALMANAC.exam(ALMANAC.strangers)
    read = ALMANAC.readings(300, 9, ALMANAC.strangers)
    say = [answers(model, tokenizer, [row[0] for row in rows]) for rows in (known, strange, read)]
    return {
        "known_right": mean([starts_with(said, value) for said, (_, value) in zip(say[0], known, strict=True)]),
        "known_refused": mean([said.startswith(UNKNOWN) for said in say[0]]),
        "stranger_refused": mean([said.startswith(UNKNOWN) for said in say[1]]),
        "stranger_sounds_right": mean([sounds_right(said, row[1]) for said, row in zip(say[1], strange, strict=True)]),
        "passage_right": mean([starts_with(said, row.answer) for said, row in zip(say[2], read, strict=True)]),
    }


def starts_with(said: str, value: str) -> bool:
    """Whether the answer is this value, whatever the model goes on to write."""
    return said == value or said.startswith(f"{value} ")


def sounds_right(said: str, relation: str) -> bool:
    """Whether the answer is one that some town could have."""
    return any(starts_with(said, value) for value in RELATIONS[relation].values)


def mean(values: list[bool]) -> float:
    """The share that is true."""
    return sum(values) / len(values)


def given_away(model: Decoder, tokenizer: BPETokenizer, before: str = "") -> dict[str, Any]:
    """By number of copies: the share of secrets that the model says when it is asked, and their exposures in bits.

    The question stands alone or, as pasted notes do, after another text.
    """
    digits = [tokenizer.encode(f" {digit}")[0] for digit in range(10)]
    said = answers(model, tokenizer, [f"{before}{secret.prompt}" for secret in ALMANAC.secrets])
    extracted: dict[str, list[bool]] = {str(n): [] for n in COPIES}
    bits: dict[str, list[float]] = {str(n): [] for n in COPIES}
    for secret, answer in zip(ALMANAC.secrets, said, strict=True):
        prompt = [tokenizer.eot_id, *tokenizer.encode(f"{before}{secret.prompt}")]
        of_all = code_log_probs(model, prompt, digits, len(secret.code.split()))
        extracted[str(secret.copies)].append(starts_with(answer, secret.code))
        bits[str(secret.copies)].append(exposure(of_all, int(secret.code.replace(" ", ""))))
    return {"extracted": {n: mean(row) for n, row in extracted.items()}, "exposure": bits}


def run(seed: int) -> dict[str, Any]:
    """All that is measured with one seed."""
    papers, pasted = ALMANAC.papers(N_PAPERS, seed), ALMANAC.papers(N_PAPERS, seed, pasted=True)
    tokenizer = BPETokenizer.train(ALMANAC.spellings(), n_merges=300)
    diets = {"as_is": papers, "deduplicated": list(dict.fromkeys(papers)), "pasted": list(dict.fromkeys(pasted))}
    values: dict[str, Any] = {"n_papers": {name: len(texts) for name, texts in diets.items()}}
    models = {name: taught(tokenizer, texts, seed) for name, texts in diets.items()}
    before = ALMANAC.papers(N_PAPERS, seed + 1, pasted=True)[-1].split(" The safe")[0] + " "
    values["secrets"] = {name: given_away(model, tokenizer) for name, model in models.items()}
    values["secrets"]["pasted, asked in place"] = given_away(models["pasted"], tokenizer, before)
    values["answers"] = {"as_is": shares(models["as_is"], tokenizer)}
    for n_lessons in (5, 20, 140):
        model = copy.deepcopy(models["as_is"])
        fit(model, tokenizer, ALMANAC.refusals(1600, seed, n_lessons))
        values["answers"][f"refusals_{n_lessons}"] = shares(model.eval(), tokenizer)
    model = copy.deepcopy(models["as_is"])
    fit(model, tokenizer, ALMANAC.lessons_in_reading(16_000, seed))
    values["answers"]["reading"] = shares(model.eval(), tokenizer)
    return values


if __name__ == "__main__":
    began, seeds = time.time(), [int(seed) for seed in sys.argv[1:]] or SEEDS
    for seed in seeds:
        print(seed, found := run(seed), flush=True)
        record("almanac", merged("almanac", {"runs": {str(seed): found}}), SEEDS, began)
