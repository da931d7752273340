"""How often a chat model's answer is right, kind by kind, where rightness can be computed.

An answer counts when all of it is right: one wrong word spoils it, as one wrong word spoils a fact. Where many
answers are right, the instruction's own judge decides.

Source: Rajpurkar et al. 2016, "SQuAD", arXiv:1606.05250, section 6.1 (exact match).
"""

from collections import defaultdict
from collections.abc import Sequence

from helpers.corpora.instructions import Instruction, is_right
from helpers.evaluation.perplexity import Mean, mean_with_error
from helpers.sampling import LanguageModel, LocalChat
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.chat_template import CHAT_FORMATS, ChatFormat

N_NEW = 160  # tokens; the longest rest of a tale has fewer


def answers(
    model: LanguageModel,
    tokenizer: BPETokenizer,
    instructions: Sequence[Instruction],
    *,
    chat_format: ChatFormat = CHAT_FORMATS["tales"],
    end: str = "<|end|>",
    rows_at_once: int = 64,
) -> list[str]:
    """The model's most likely answer to each instruction, written greedily up to the mark that ends a turn.

    What a model that never ends its turn wrote is given as far as it went.
    """
    chat = LocalChat(model, tokenizer, chat_format, end, N_NEW)
    return chat.answers([instruction.messages[:-1] for instruction in instructions], rows_at_once)


def exact_match(instructions: Sequence[Instruction], answers: Sequence[str]) -> dict[str, Mean]:
    """For each kind of instruction the share of right answers, with its standard error."""
    hits: dict[str, list[float]] = defaultdict(list)
    for instruction, answer in zip(instructions, answers, strict=True):
        hits[instruction.kind].append(float(is_right(instruction, answer)))
    return {kind: mean_with_error(right) for kind, right in hits.items()}
