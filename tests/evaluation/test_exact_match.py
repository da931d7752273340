"""Answers are written up to the mark that ends them, and each is judged by its instruction."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from helpers.corpora.instructions import KINDS, Instruction, instructions
from helpers.evaluation.exact_match import answers, exact_match
from helpers.tokenizers import CHAT_FORMATS, BPETokenizer

ASKED = instructions(18, seed=3)
CHAT = CHAT_FORMATS["tales"]
TOKENIZER = BPETokenizer.train(
    [i.prompt + i.answer for i in ASKED], n_merges=600, special_tokens=("<|endoftext|>", *CHAT.special_tokens)
)


class Knows(nn.Module):
    """A model that knows some conversations by heart, and stops only where they do."""

    def __init__(self, conversations: list[list[dict[str, str]]]):
        super().__init__()
        self.texts = [CHAT.encode(messages, TOKENIZER).ids for messages in conversations]
        self.config = SimpleNamespace(context_length=1024)
        self.n_reads = 0

    def new_cache(self, batch: int = 1, capacity: int | None = None) -> SimpleNamespace:
        """A cache that forgets, so that each call brings the whole text."""
        return SimpleNamespace(length=0, n_keys=lambda n: n)

    def forward(self, ids, cache=None, *, mask=None, positions=None):
        """All the probability on the token that comes next in the conversation which begins like this."""
        self.n_reads += 1
        logits = torch.zeros(*ids.shape, TOKENIZER.vocab_size)
        for row, values in enumerate(ids.tolist()):
            begun = values[max(i for i, v in enumerate(values) if v == TOKENIZER.special["<|user|>"]) :]
            known = next((text for text in self.texts if text[: len(begun)] == begun and text != begun), begun)
            logits[row, -1, known[len(begun)] if known != begun else 0] = 1.0
        return logits


def test_a_model_that_knows_the_answers_gives_them_in_the_order_of_the_questions():
    model = Knows([i.messages for i in ASKED])
    assert answers(model, TOKENIZER, ASKED) == [i.answer for i in ASKED]
    assert answers(model, TOKENIZER, ASKED, rows_at_once=4) == [i.answer for i in ASKED]


def test_the_share_of_right_answers_is_counted_kind_by_kind():
    given = [i.answer for i in ASKED]
    given[0] = given[6] = "Nobody did."  # two of the three questions
    shares = exact_match(ASKED, given)
    assert list(shares) == list(KINDS)
    assert shares["answer"].value == pytest.approx(1 / 3)
    assert shares["answer"].error == pytest.approx(math.sqrt((4 / 9 + 1 / 9 + 1 / 9) / 2 / 3))
    assert all(shares[kind] == (1.0, 0.0) for kind in KINDS[1:])


def test_what_stands_after_the_end_is_no_part_of_the_answer_and_writing_stops_there():
    model = Knows([i.messages for i in ASKED[:1]])
    assert answers(model, TOKENIZER, ASKED[:1]) == [ASKED[0].answer]
    assert model.n_reads == len(TOKENIZER.encode(ASKED[0].answer)) + 1


def test_a_model_that_never_stops_is_cut_off_and_wrong():
    asked = Instruction("answer", "Who came?", "Leo did.")
    endless = Knows([[{"role": "user", "content": "Who came?"}, {"role": "assistant", "content": "Leo did." * 80}]])
    written = answers(endless, TOKENIZER, [asked] * 2)
    assert written[0].startswith("Leo did.Leo did.")
    assert exact_match([asked] * 2, written)["answer"].value == 0


def test_the_models_mode_is_left_as_it_was():
    model = Knows([i.messages for i in ASKED]).train()
    answers(model, TOKENIZER, ASKED[:2])
    assert model.training
