"""How many examples does instruction tuning need? Interviews about tales, from few that come again to all of them new.

python experiments/instruction_examples.py          every number of examples, every seed
python experiments/instruction_examples.py 100 1    one number with one seed, added to the record
"""

import copy
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from recording import merged, record

from helpers import checkpoints
from helpers.corpora.instructions import instructions, interviews
from helpers.evaluation.exact_match import answers, exact_match
from helpers.runtime import progress, seed_everything, training_note
from helpers.training import train
from helpers.training.packing import packed_loss
from helpers.training.recipes import BASE, chat_optimizer
from helpers.training.schedules import warmup_linear
from helpers.training.sft import ChatBatches, Conversation, introduce_marks

SEEDS = [1, 2, 3]
N_STEPS, N_CONVERSATIONS = 100, 6  # a step
NUMBERS = [10, 100, N_STEPS * N_CONVERSATIONS]  # with the last, no conversation comes twice
STOPS = [25, 50, 100]  # few examples are soon known by heart: the best stop is found for each
KINDS = ("answer", "refuse")
N_TEST = 100  # instructions
TEST = 10**9


def conversations_of(n_examples: int, seed: int) -> Callable[[int], Sequence[Conversation]]:
    """What draws the conversations of a step, for its seed, from as many as there are."""
    if n_examples == N_STEPS * N_CONVERSATIONS:
        return lambda step_seed: interviews(N_CONVERSATIONS, step_seed)
    examples = interviews(n_examples, seed)
    return lambda step_seed: random.Random(step_seed).sample(examples, N_CONVERSATIONS)


def tuned(n_examples: int, seed: int) -> dict[str, Any]:
    """At each stop the share of right answers by kind, and of answers with a form that some right answer has."""
    base, tokenizer = checkpoints.load("base-tales")
    model = copy.deepcopy(base)
    seed_everything(seed)
    introduce_marks(model, tokenizer)
    batches = ChatBatches(conversations_of(n_examples, seed), tokenizer, model.config.context_length, seed + 1)
    schedule = warmup_linear(N_STEPS, BASE.n_warmup)
    steps = train(model, batches, packed_loss, chat_optimizer(model), schedule, N_STEPS)
    asked = instructions(N_TEST, TEST, KINDS, "test")
    forms = {task.answer for task in instructions(5000, TEST + 1, KINDS)}
    measured: dict[str, list[Any]] = {"form": [], "answer": [], "refuse": [], "loss": []}
    for r in progress(steps, total=N_STEPS, title=f"{n_examples} examples, seed {seed}", note=training_note):
        if r["step"] + 1 in STOPS:
            written = answers(model, tokenizer, asked)
            right = exact_match(asked, written)
            measured["form"].append(sum(text.strip() in forms for text in written) / N_TEST)
            measured["answer"].append(right["answer"].value)
            measured["refuse"].append(right["refuse"].value)
            measured["loss"].append(r["loss"])
    return measured


if __name__ == "__main__":
    began = time.time()
    numbers = [int(n) for n in sys.argv[1:2]] or NUMBERS
    seeds = [int(seed) for seed in sys.argv[2:]] or SEEDS
    values: dict[str, Any] = {"stops": STOPS, "numbers": NUMBERS, "runs": {}}
    for seed in seeds:
        for n in numbers:
            result = tuned(n, seed)
            values["runs"].setdefault(str(n), {})[str(seed)] = result
            print(f"{n} examples, seed {seed}: {result}", flush=True)
            record("instruction_examples", merged("instruction_examples", values), seeds, began)
