"""How much each cleaning step took from each source, and how much of that was rightly taken.

The first is what papers print. The second needs the planted truth, and is why this crawl is generated.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from helpers.corpora.cleaning import Corpus, Step
from helpers.corpora.crawl import SOURCES
from helpers.corpora.detection import Detection, detection
from helpers.corpora.documents import lines_of

# What a step is for, and what else it may drop: a page of noise is no loss to whoever throws it out.
SOUGHT = {
    "language": ({"foreign"}, {"gibberish", "word salad"}),
    "quality": ({"gibberish", "word salad"}, {"foreign"}),
    "leaks": ({"leak", "edited leak"}, set[str]()),
}
UNREADABLE = {"foreign", "gibberish", "word salad"}


class Stage(NamedTuple):
    """A step, and the corpus before and after it."""

    step: str
    before: Corpus
    after: Corpus

    @property
    def gone(self) -> set[int]:
        """The numbers of the documents that the step dropped."""
        return set(self.before) - set(self.after)


class Removed(NamedTuple):
    """How many documents, and how many words, dropped documents included."""

    documents: int
    words: int


def stages(corpus: Corpus, steps: Mapping[str, Step]) -> Iterator[Stage]:
    """Run the steps one after the other, and show each."""
    for name, step in steps.items():
        before, corpus = corpus, step(corpus)
        yield Stage(name, before, corpus)


def size(corpus: Corpus) -> dict[str, Removed]:
    """How many documents and words of each source there are."""
    words: dict[str, list[int]] = {source: [] for source in SOURCES}
    for document in corpus.values():
        words[document.source].append(document.n_words)
    return {source: Removed(len(counts), sum(counts)) for source, counts in words.items()}


def removed(stage: Stage) -> dict[str, Removed]:
    """What the step took from each source."""
    before, after = size(stage.before), size(stage.after)
    return {
        source: Removed(n - after[source].documents, words - after[source].words)
        for source, (n, words) in before.items()
    }


def judged(stage: Stage) -> Detection:
    """Precision and recall of a step, among what reached it: of lines for boilerplate, of documents for the others."""
    if stage.step == "boilerplate":
        return judged_lines(stage)
    if stage.step == "near-duplicates":
        return detection(stage.gone, true_copies(stage.before))
    sought, welcome = SOUGHT[stage.step]
    return detection(stage.gone, dirty(stage.before, sought), dirty(stage.before, welcome))


def judged_overall(first: Corpus, last: Corpus) -> Detection:
    """Precision and recall of all steps together: should this document have stayed?"""
    unwanted = UNREADABLE | {"leak", "edited leak"}
    return detection(set(first) - set(last), dirty(first, unwanted) | true_copies(first))


def dirty(corpus: Corpus, kinds: set[str]) -> set[int]:
    """The documents in which dirt of these kinds was planted."""
    return {i for i, document in corpus.items() if document.dirt in kinds}


def true_copies(corpus: Corpus) -> set[int]:
    """The documents that tell what an earlier one tells."""
    first: dict[int, int] = {}
    for i, document in corpus.items():
        if document.dirt not in UNREADABLE:
            first.setdefault(document.origin, i)
    return {i for i, document in corpus.items() if first.get(document.origin, i) != i}


def judged_lines(stage: Stage) -> Detection:
    """Precision and recall of the lines that were taken; from unreadable documents any line may go."""
    found, planted, welcome = set(), set(), set()
    for i, document in stage.before.items():
        kept = set(lines_of(stage.after[i].text)) if i in stage.after else set()
        lines = {(i, line) for line in lines_of(document.text)}
        found |= {(i, line) for i, line in lines if line not in kept}
        planted |= {(i, line) for line in document.boilerplate}
        if document.dirt in UNREADABLE:
            welcome |= lines
    return detection(found, planted, welcome)
