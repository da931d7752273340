"""From a raw crawl to texts worth training on, in five steps.

Boilerplate goes before all, since a frame of menus would spoil every later judgement; then what needs to see one
document at a time; then what must compare them. `helpers.corpora.funnel` runs the steps and says what each removed.

Source: Wenzek et al. 2019, "CCNet", arXiv:1911.00359, section 3, and Penedo et al. 2023, "The RefinedWeb Dataset",
arXiv:2306.01116, section 3, for steps like these.
"""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import fmean, stdev

from helpers.corpora.boilerplate import shared_lines, trimmed
from helpers.corpora.contamination import leaks
from helpers.corpora.crawl import SOURCES
from helpers.corpora.documents import Document
from helpers.corpora.foreign_sentences import FOREIGN, foreign_text
from helpers.corpora.language_identification import LanguageIdentifier
from helpers.corpora.minhash import near_duplicate_clusters
from helpers.corpora.near_duplicates import copies
from helpers.corpora.quality import RULES, Rule, reasons
from helpers.corpora.tales import LANGUAGES

Corpus = dict[int, Document]  # by its number in the crawl
Step = Callable[[Corpus], Corpus]

KNOWN_FOREIGN = tuple(language for language in FOREIGN if language != "it")  # Italian must be found unseen
# A Chinese character is half a word: a leak of as much text shares more runs of characters than of words.
LEAKED_RUNS = {"en": 12, "zh": 24}


def cleaning_steps(held_out: Sequence[str]) -> dict[str, Step]:
    """The five steps in order; the held-out texts are those that must not be trained on."""
    rng = random.Random("trusted")
    trusted = {language: trusted_texts(language, rng) for language in LANGUAGES}
    identifier = trained_identifier(trusted, rng)
    unread = {language: trusted_texts(language, rng) for language in LANGUAGES}
    rules = {**RULES, "too_surprising": surprise_rule(identifier, unread)}
    return {
        "boilerplate": trim_boilerplate,
        "language": lambda corpus: keep_languages(corpus, identifier, LANGUAGES),
        "quality": lambda corpus: keep_quality(corpus, rules),
        "near-duplicates": drop_near_duplicates,
        "leaks": lambda corpus: drop_leaks(corpus, held_out),
    }


def trim_boilerplate(corpus: Corpus) -> Corpus:
    """Every document without its boilerplate lines."""
    shared = shared_lines([document.text for document in corpus.values()])
    return {i: document.with_text(trimmed(document.text, shared)) for i, document in corpus.items()}


def trusted_texts(language: str, rng: random.Random, n: int = 200) -> list[str]:
    """`n` good texts of a language, from its sources in turn."""
    sources = [source for source in SOURCES.values() if source.language == language]
    return [source.write(rng) for _ in range(n // len(sources)) for source in sources]


def trained_identifier(trusted: Mapping[str, Sequence[str]], rng: random.Random) -> LanguageIdentifier:
    """An identifier that has read trusted texts of the wanted languages and some of all foreign ones but Italian."""
    foreign = {language: [foreign_text(rng, language) for _ in range(40)] for language in KNOWN_FOREIGN}
    return LanguageIdentifier({**trusted, **foreign})


def surprise_rule(identifier: LanguageIdentifier, unread: Mapping[str, Sequence[str]]) -> Rule:
    """A rule learned from good texts that the identifier has not read: at most four deviations above their mean."""
    limits = {}
    for language, texts in unread.items():
        surprises = [identifier.surprise(text)[language] for text in texts]
        limits[language] = fmean(surprises) + 4 * stdev(surprises)

    def too_surprising(text: str) -> str:
        surprise = identifier.surprise(text)
        excess, language = min((surprise[language] - limits[language], language) for language in limits)
        return f"{excess:.1f} nats an n-gram above what {language} allows" if excess > 0 else ""

    return too_surprising


def keep_languages(corpus: Corpus, identifier: LanguageIdentifier, wanted: Collection[str]) -> Corpus:
    """The documents in one of the wanted languages."""
    return {i: document for i, document in corpus.items() if identifier.language(document.text) in wanted}


def keep_quality(corpus: Corpus, rules: Mapping[str, Rule]) -> Corpus:
    """The documents that break no rule."""
    return {i: document for i, document in corpus.items() if not reasons(document.text, rules)}


def drop_near_duplicates(corpus: Corpus) -> Corpus:
    """One document of each cluster, the first."""
    numbers = list(corpus)
    gone = copies(near_duplicate_clusters([corpus[i].text for i in numbers]))
    return {i: corpus[i] for place, i in enumerate(numbers) if place not in gone}


def drop_leaks(corpus: Corpus, held_out: Sequence[str]) -> Corpus:
    """The documents that do not quote a held-out text."""
    gone = set()
    for language, at_least in LEAKED_RUNS.items():
        numbers = [i for i, document in corpus.items() if document.language == language]
        found = leaks([corpus[i].text for i in numbers], held_out, at_least=at_least)
        gone |= {numbers[leak.document] for leak in found}
    return {i: document for i, document in corpus.items() if i not in gone}
