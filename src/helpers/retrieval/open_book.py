"""Answering from a text that was looked up: search, read, cite; or say that nothing was found.

Source: Lewis et al. 2020, "Retrieval-Augmented Generation for Knowledge-Intensive NLP Tasks", arXiv:2005.11401, for the
idea. There the answer is a mean over the passages found; here one passage is read at a time, so that it can be cited.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from helpers.retrieval.full_text import Hit


class Answer(NamedTuple):
    """What was said, and the number of the text that it rests on; None if nothing was found that settles it."""

    text: str
    source: int | None


def open_book(
    question: str,
    search: Callable[[str], Sequence[Hit]],
    read: Callable[[int, str], str],
    not_said: str,
) -> Answer:
    """The answer of the best text that has one: texts are read as they were found until one does not abstain.

    `read(number, question)` answers from one text, with `not_said` if the text does not settle the question.
    """
    for hit in search(question):
        answer = read(hit.number, question)
        if answer != not_said:
            return Answer(answer, hit.number)
    return Answer(not_said, None)
