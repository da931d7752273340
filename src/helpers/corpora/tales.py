"""Tales: a corpus of short stories whose every probability is known.

A storyteller with a few hundred words tells of a hero, a friend, a present and a stranger in trouble, in English or,
from the same plot, in Chinese. Facts return later: who gave the present, what colour it was, where it was
hidden, who was helped. Causes have effects: the weather brings the trouble, the hero's trait decides whether the hero
helps, and whether the hero helped decides who helps in return. So a model has something to learn that only
attention can carry, and `entropy()` is the loss that no model can beat.

But: a grammar is not language. These stories hold no metaphor, no irony, no new word and no knowledge of the
world. What a model learns here says how learning works, not how much it takes to learn English.

Convention: probabilities are natural logarithms (nats); a word is a word or a punctuation mark.

The world of a tale (`Tale.world`) maps a slot to a key of the lexicon, a fact to a word. What did not happen is absent:

    hero, friend, stranger, helper    names; `helper` is who found the thing or the hero (absent if nobody did)
    kind, friend_kind, stranger_kind  what animal they are
    trait, home, giver, colour, thing the hero's trait and home, who gave the hero the thing of that colour
    weather, place, goal              the day's weather, where the hero went, what the hero gathered there
    spot, wrong_spot, thief           where the thing (in a storm, the hero) was; where it was not; who stole
    got                               birthday | parcel | given: how the present came
    trouble, helped                   cold | lost | thirsty | hungry | hurt | stuck; yes | no
    crisis                            theft | drop | wind | storm
    found_by                          friend | stranger | nobody
    aside                             the one sentence that the plot could do without, such as "joy"; or none
    asked, asked_too                  the final questions, such as "ask giver"; `asked_too` may be none

Source: Eldan and Li 2023, "TinyStories", arXiv:2305.07759, for the idea of stories in a small vocabulary.
"""

import math
import random
import re
from dataclasses import dataclass
from functools import cache

from helpers.corpora.storyteller import (
    END,
    Census,
    Edition,
    Field,
    Plot,
    Said,
    Slots,
    Story,
    Teller,
    Telling,
    Totals,
    World,
    scene,
)
from helpers.corpora.tales_frames import FRAMES, TROUBLES
from helpers.corpora.tales_lexicon import LEXICON, PLACE_OF, POOLS

__all__ = [
    "END", "LANGUAGES", "LEXICON", "POOLS", "Mention", "Tale", "entropy", "join", "log_prob", "longest",
    "mean_words", "n_stories", "next_words", "parallel", "stories", "tale", "teller", "vocabulary",
    "word_log_probs", "words",
]  # fmt: skip

LANGUAGES = ("en", "zh")

# How likely the hero stops to help a stranger.
HELPS = {
    "kind": 0.95, "gentle": 0.9, "brave": 0.9, "honest": 0.8, "cheerful": 0.8, "shy": 0.5, "impatient": 0.3,
    "proud": 0.2,
}  # fmt: skip
# The trouble that a weather brings: four times as likely as any other.
BRINGS = {"sunny": "thirsty", "windy": "hungry", "foggy": "lost", "rainy": "stuck", "cold": "cold"}
CRISES = {"theft": 4.0, "drop": 5.0, "wind": 1.0, "storm": 2.0}
# Who solves it, when the hero had helped the stranger and when not.
SOLVED_BY = {"yes": {"stranger": 0.75, "friend": 0.25}, "no": {"friend": 0.55, "nobody": 0.3, "stranger": 0.15}}
GOOD_HEARTS = ("kind", "gentle", "honest", "cheerful")


# --- the plot -------------------------------------------------------------------------------------------------


def _others(slot: str, *taken: str) -> tuple[str, ...]:
    """The pool of a slot without those that are taken."""
    return tuple(key for key in POOLS[slot] if key not in taken)


def _open_slots(*slots: str) -> dict[str, tuple[str, ...]]:
    return {slot: POOLS[slot] for slot in slots}


_HERO = _open_slots("hero", "kind", "trait")
_PRESENT = _open_slots("giver", "colour", "thing")
_OUTING = _open_slots("weather", "goal")
_LOSS = _open_slots("thief", "spot")


def _aside(w: World, aside: str, p: float, frames: dict[str, float], slots: Slots) -> Telling:
    """One of `frames`, with probability `p` after an aside; a story has room for one aside.

    A sentence that may be missing is a choice together with the next one: an empty text would be ambiguous.
    """
    if w["aside"] == "none":
        total = sum(frames.values())
        said = yield {aside: p, **{frame: (1 - p) * weight / total for frame, weight in frames.items()}}, slots
        if said != aside:
            return said
        w["aside"] = aside
    return (yield frames, slots)


@scene("aside")
def _opening(w: World) -> Story:
    w["aside"] = "none"
    yield {"open": 1}, _HERO
    friends = {"friend": _others("friend", w["hero"]), "friend_kind": _others("kind", w["kind"])}
    yield {"home": 1}, {**friends, "home": POOLS["home"]}
    w["got"] = yield {"birthday": 2, "parcel": 2, "given": 2}, _PRESENT


@scene("aside", "weather")
def _outing(w: World) -> Story:
    yield from _aside(w, "joy", 0.2, {"set out": 1}, _OUTING)
    w.bind("place", PLACE_OF[w["goal"]])
    strangers = {
        "stranger": _others("stranger", w["hero"], w["friend"]),
        "stranger_kind": _others("kind", w["kind"], w["friend_kind"]),
    }
    weights = {f"meet {trouble}": 4.0 if trouble == BRINGS[w["weather"]] else 1.0 for trouble in TROUBLES}
    w["trouble"] = (yield weights, strangers).removeprefix("meet ")


@scene("aside", "trait", "trouble", "helped")
def _stranger(w: World) -> Story:
    p, helps = HELPS[w["trait"]], f"help {w['trouble']}"
    passes = "too shy" if w["trait"] == "shy" else "no time"
    said = yield from _aside(w, "plea", 0.3, {helps: p, passes: 1 - p}, {})
    w["helped"] = "yes" if said == helps else "no"


@scene("aside", "helped", "weather", "crisis")
def _crisis(w: World) -> Story:
    feeling = "thanks" if w["helped"] == "yes" else "regret"
    weather = {"windy": {"wind": 8.0}, "rainy": {"storm": 8.0}}.get(w["weather"], {})
    w["crisis"] = yield from _aside(w, feeling, 0.3, CRISES | weather, _LOSS)


@scene("aside", "crisis", "helped", "found_by")
def _search(w: World) -> Story:
    if w["crisis"] == "storm":
        w["found_by"] = "stranger" if w["helped"] == "yes" else "friend"
        w.bind("helper", w[w["found_by"]])
        yield {"signal": 1}, {}
        yield from _aside(w, "waiting", 0.6, {"rescue": 1}, {})
        return
    yield {"gone": 1}, {}
    yield from _aside(w, "present", 0.5, {"comfort": 1}, {})
    wrong = {"wrong_spot": _others("spot", w["spot"])}
    solutions = {_solution(who, w["helped"]): p for who, p in SOLVED_BY[w["helped"]].items()}
    said = yield from _aside(w, "wrong", 0.5, solutions, wrong)
    w["found_by"] = said.split()[0]
    if w["found_by"] != "nobody":
        w.bind("helper", w[w["found_by"]])


def _solution(who: str, helped: str) -> str:
    return "stranger forgives" if (who, helped) == ("stranger", "no") else f"{who} finds"


@scene("aside", "crisis", "found_by", "trait")
def _evening(w: World) -> Story:
    if w["found_by"] == "nobody":
        yield {"consolation": 1}, {}
        yield {"stars": 1, "lesson lost": 1}, {}
        return
    endings = {"reward": 5.0, "music": 4.0, "stars": 1.0, "tell": 2.0}
    if w["crisis"] == "theft":
        regret = "forgive thief" if w["trait"] in GOOD_HEARTS else "scold thief"
        yield from _aside(w, regret, 0.9, endings, {})
    else:
        yield endings, {}


@scene("crisis", "found_by", "helped")
def _ending(w: World) -> Story:
    questions, lesson = _questions(w), _lesson(w)
    said = yield {lesson: 1.5 * sum(questions.values()), **questions}, {}
    w["asked"] = w["asked_too"] = "none"
    if said == lesson:
        w["asked"] = yield questions, {}
        return
    w["asked"] = said
    others = {f"{question} too": weight for question, weight in questions.items() if question != said}
    w["asked_too"] = (yield others, {}).removesuffix(" too")


def _lesson(w: World) -> str:
    """What the story teaches: gratitude, friendship, or to stop the next time."""
    if w["found_by"] == "stranger":
        return "lesson returned" if w["helped"] == "yes" else "lesson forgiven"
    if w["helped"] == "no":
        return "lesson next time"
    return "lesson friend"


def _questions(w: World) -> dict[str, float]:
    """What can be asked about what happened. The thief and the stranger's kind are rare on purpose."""
    is_storm = w["crisis"] == "storm"
    weights = {"ask giver": 5.0, "ask colour": 2.0, "ask goal": 3.0, "ask place": 1.0, "ask friend": 1.5}
    weights |= {"ask home": 2.0, "ask stranger": 0.5, "ask shelter" if is_storm else "ask spot": 2.0}
    if w["found_by"] != "nobody":
        weights["ask rescuer" if is_storm else "ask finder"] = 2.0
    if w["crisis"] == "theft":
        weights["ask thief"] = 1.0
    return weights


PLOT = Plot([_opening, _outing, _stranger, _crisis, _search, _evening, _ending])


# --- words and text -------------------------------------------------------------------------------------------

_ENGLISH_WORD = re.compile(r"'s|[A-Za-z]+|\S")
_NO_SPACE_BEFORE = frozenset([".", ",", "!", "?", "'s"])


def words(text: str, language: str = "en") -> list[str]:
    """The words and punctuation marks of a text. Chinese has no spaces: the longest known word is taken each time."""
    if _known(language) == "en":
        return _ENGLISH_WORD.findall(text)
    return _chinese_word().findall(text)


def join(words: list[str] | tuple[str, ...], language: str = "en") -> str:
    """The text that these words spell, with the spaces that the language asks for. Inverse of `words` on tales."""
    if _known(language) == "zh":
        return "".join(words)
    parts, is_inside, after_quote = [], False, True
    for word in words:
        closes = word == '"' and is_inside
        parts.append(word if after_quote or closes or word in _NO_SPACE_BEFORE else f" {word}")
        is_inside ^= word == '"'
        after_quote = word == '"' and not closes
    return "".join(parts)


@cache
def _chinese_word() -> re.Pattern[str]:
    longest_first = sorted(vocabulary("zh"), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) + r"|\S")


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {LANGUAGES}, got {language!r}")
    return language


@cache
def _edition(language: str) -> Edition:
    frames = {name: group[LANGUAGES.index(_known(language))] for name, group in FRAMES.items()}
    if language == "en":
        return Edition(frames, LEXICON["en"], POOLS, _ENGLISH_WORD.findall, " ")
    return Edition(frames, LEXICON["zh"], POOLS, str.split, "")


@cache
def _vocabulary(language: str) -> tuple[str, ...]:
    return tuple(_edition(language).vocabulary())


def vocabulary(language: str = "en") -> list[str]:
    """Every word and punctuation mark that a tale can hold, sorted (without `END`)."""
    return list(_vocabulary(language))


# --- telling --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mention:
    """A place in a tale's text where the filling of a slot is said: `text[start:end]`.

    Args:
        first: the choice is made here; if False it is a recall, and the world already determines the words.
    """

    slot: str
    value: str
    start: int
    end: int
    first: bool


@dataclass(frozen=True)
class Tale:
    """A story with the truth behind it; the module's docstring lists the keys of `world`."""

    text: str
    words: tuple[str, ...]
    language: str
    world: dict[str, str]
    mentions: tuple[Mention, ...]


def tale(rng: random.Random, language: str = "en") -> Tale:
    """A story with its world and all mentions; the same random numbers give the same plot in both languages."""
    edition = _edition(language)
    world, said = PLOT.record(rng, edition)
    text, mentions = "", []
    for sentence in said:
        text += edition.gap if text else ""
        spelled, found = _spell(edition, sentence, world, len(text))
        text += spelled
        mentions += found
    return Tale(text, tuple(words(text, language)), language, dict(world), tuple(mentions))


def _spell(edition: Edition, said: Said, world: World, start: int) -> tuple[str, list[Mention]]:
    """One sentence's text and the mentions in it, counted from the character `start`."""
    text, mentions, unsaid = "", [], set(said.settled)
    for part in edition.templates[said.frame][said.paraphrase].parts:
        if not isinstance(part, Field):
            text += part
            continue
        form = edition.said[part.slot, world[part.slot]][f"{part.slot}.{part.form}"]
        # A form whose name is a slot says that slot: where mushrooms grow is the place.
        slot = part.form if part.form in POOLS else part.slot
        name = edition.lexicon[world[slot]][""]
        offset = form.lower().find(name.lower())
        if offset >= 0:
            begin = start + len(text) + offset
            first = part.slot in unsaid
            mentions.append(Mention(slot, world[slot], begin, begin + len(name), first))
            unsaid -= {slot}
        text += form
    return text, mentions


def stories(n: int, seed: int = 0, language: str = "en") -> list[str]:
    """The texts of `n` independent stories; the same seed tells the same plots in the other language."""
    rng, edition = random.Random(seed), _edition(language)
    return [PLOT.tell(rng, edition) for _ in range(n)]


def parallel(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """`n` stories, each in English and in Chinese."""
    return list(zip(stories(n, seed, "en"), stories(n, seed, "zh"), strict=True))


# --- probabilities --------------------------------------------------------------------------------------------


def teller(language: str = "en") -> Teller:
    """The exact language model of tales, before the first word; feed it with `push(word)`, ask it with `dist()`."""
    return Teller(PLOT, _edition(language))


def log_prob(text: str, language: str = "en") -> float:
    """Natural logarithm of the probability that the storyteller tells this text; -inf if it never does."""
    told = words(text, language)
    if join(told, language) != text:
        return -math.inf
    listener, total = teller(language), 0.0
    for word in [*told, END]:
        p = listener.dist().get(word, 0.0)
        if p == 0:
            return -math.inf
        total += math.log(p)
        if word != END:
            listener.push(word)
    return total


def word_log_probs(text: str, language: str = "en") -> list[float]:
    """Log-probability of each word after those before it, and of the end. Raises ValueError if it is no tale."""
    listener, log_probs = teller(language), []
    told = words(text, language)
    for position, word in enumerate([*told, END]):
        share = listener.dist()
        if word not in share:
            raise ValueError(_impossible(told, position, share, language))
        log_probs.append(math.log(share[word]))
        if word != END:
            listener.push(word)
    return log_probs


def next_words(prefix: str, language: str = "en") -> dict[str, float]:
    """Exact probability of every word that can follow (`END`: the story is over). `prefix` ends at a word boundary.

    Raises ValueError if no tale starts like this, naming the first impossible word.
    """
    listener = teller(language)
    told = words(prefix, language)
    for position, word in enumerate(told):
        share = listener.dist()
        if word not in share or word == END:
            raise ValueError(_impossible(told, position, share, language))
        listener.push(word)
    return listener.dist()


def _impossible(told: list[str], position: int, share: dict[str, float], language: str) -> str:
    word = repr(told[position]) if position < len(told) else "the end"
    likely = sorted(share, key=lambda w: -share[w])
    could = ", ".join(map(repr, likely[:8])) + (f" and {len(likely) - 8} more" if len(likely) > 8 else "")
    before = join(told[max(0, position - 6) : position], language)
    after = f"after {before!r}" if before else "at the beginning"
    return f"no tale starts like this: word {position + 1} is {word}, but {after} only these can stand: {could}"


@cache
def _totals(language: str) -> Totals:
    return Census(PLOT, _edition(language)).totals()


def entropy() -> float:
    """Exact entropy in nats per story: the mean of -log_prob, which no model can beat. Equal in both languages."""
    return _totals("en").entropy


def n_stories() -> int:
    """Exact number of different stories in one language."""
    return _totals("en").stories


def mean_words(language: str = "en") -> float:
    """Exact expected number of words and punctuation marks of a story."""
    return _totals(_known(language)).mean_words


def longest(language: str = "en") -> int:
    """Exact number of words and punctuation marks of the longest story."""
    return _totals(_known(language)).longest
