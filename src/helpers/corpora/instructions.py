"""Instructions about tales whose right answers are known: the prompt says what to do, and any answer can be judged.

Six kinds. `answer`: a question about a story. `refuse`: a question that the story does not settle, so the right
answer is to say so. `rewrite`: a sentence or two with one word for another, and all that must agree with it.
`continue`: one sentence that the story can go on with. `chinese`: the same in Chinese, or a sentence put into Chinese.
`finish`: the rest of a story whose hero has just met the stranger. Where many answers are right the storyteller
itself is the judge: right is what it could have said.

Convention: a prompt belongs either to training or to tests, for every seed, because its own text decides. Each kind is
asked in several phrasings, of which some are kept for tests: "new phrasings".

Source: Wei et al. 2022, "Finetuned Language Models Are Zero-Shot Learners", arXiv:2109.01652, section 2, for tasks
told in several phrasings; Rajpurkar et al. 2018, "Know What You Don't Know", arXiv:1806.03822, for questions without
an answer.
"""

import math
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import NamedTuple

from helpers.corpora import tales
from helpers.corpora.storyteller import Edition, Field, Plot, Said, Story, Teller, Template, World
from helpers.corpora.tales import POOLS
from helpers.corpora.translation import settles_chinese

__all__ = [
    "KINDS", "NOT_SAID", "ONE_SENTENCE_KINDS", "SPLITS", "Instruction", "instructions", "interviews",
    "is_consistent", "is_next_sentence", "is_rest", "is_right",
]  # fmt: skip

KINDS = ("answer", "refuse", "rewrite", "continue", "chinese", "finish")
ONE_SENTENCE_KINDS = KINDS[:5]  # those with short answers, which the exact-match bar is about
SPLITS = ("train", "test", "new phrasings")
NOT_SAID = "The story does not say."


@dataclass(frozen=True)
class Instruction:
    """A prompt and a right answer to it.

    Args:
        before: the story up to the place from which the answer goes on, in the answer's language; empty if `answer`
            is the only right one.
        language: the language of the answer.
    """

    kind: str
    prompt: str
    answer: str
    before: str = ""
    language: str = "en"

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation, as a chat template takes it."""
        return [{"role": "user", "content": self.prompt}, {"role": "assistant", "content": self.answer}]


def instructions(n: int, seed: int = 0, kinds: Sequence[str] = KINDS, split: str = "train") -> list[Instruction]:
    """`n` fresh instructions, the kinds in turn. No prompt is ever both in "train" and in one of the other splits.

    Raises ValueError if a kind or the split is unknown.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown or not kinds:
        raise ValueError(f"kinds are some of {', '.join(KINDS)}, got {', '.join(map(repr, sorted(unknown))) or 'none'}")
    if split not in SPLITS:
        raise ValueError(f"split is one of {', '.join(map(repr, SPLITS))}, got {split!r}")
    rng = random.Random(f"instructions {seed}")
    return [_fresh(rng, kinds[i % len(kinds)], split) for i in range(n)]


def interviews(n: int, seed: int = 0, n_questions: int = 3) -> list[list[dict[str, str]]]:
    """`n` conversations to train on: a story, then several questions, some of which it does not settle.

    The story is read once for all of them, so that a step of training teaches more.
    """
    rng = random.Random(f"interviews {seed}")
    return [_interview(_Request(rng, False), n_questions) for _ in range(n)]


def _fresh(rng: random.Random, kind: str, split: str) -> Instruction:
    while True:
        made = _MAKERS[kind](_Request(rng, split == "new phrasings"))
        if made and _is_for_tests(made.prompt) == (split != "train"):
            return made


def _is_for_tests(prompt: str) -> bool:
    return zlib.crc32(prompt.encode()) % 8 == 0


# --- judging --------------------------------------------------------------------------------------------------


def is_right(instruction: Instruction, answer: str) -> bool:
    """Whether the answer is right: the only one there is or, where the story goes on, one the storyteller could give.

    White space around it does not count, everything else does.
    """
    answer = answer.strip()
    if not instruction.before:
        return answer == instruction.answer
    if instruction.kind == "finish":
        return is_rest(instruction.before, answer)
    return is_next_sentence(instruction.before, answer, instruction.language)


def is_rest(before: str, answer: str) -> bool:
    """Whether the answer takes the story to an end in a way that the storyteller could."""
    return tales.log_prob(f"{before} {answer}") > -math.inf


def is_next_sentence(before: str, answer: str, language: str = "en") -> bool:
    """Whether the answer is one whole sentence that the storyteller could say next."""
    told = tales.words(answer, language)
    listener = Teller(_COUNTED, _edition(language))
    for word in tales.words(before, language):
        listener.push(word)
    n_before = _n_sentences(listener)
    for word in told:
        if word not in listener.dist() or word == tales.END:
            return False
        listener.push(word)
    return _n_sentences(listener) == n_before + 1 and tales.join(told, language) == answer


def is_consistent(instruction: Instruction, answer: str) -> bool:
    """Whether a story's rest names nobody and nothing in place of those that the beginning has told of.

    Unlike `is_right` it forgives slips of grammar: names, animals, the thing and its colour, the giver, the home and
    what is gathered must be those of the beginning.
    """
    told = set(tales.words(instruction.before))
    return not (set(tales.words(answer)) & _SETTLED) - told


class _CountedPlot(Plot):
    """The plot of tales, with the number of sentences so far in the world."""

    def story(self, world: World) -> Story:
        story = super().story(world)
        choice = next(story)
        for n in count(1):
            said = yield choice
            world["n_sentences"] = str(n)
            try:
                choice = story.send(said)
            except StopIteration:
                return


_COUNTED = _CountedPlot(tales.PLOT.scenes)
# What is settled once the stranger has been met.
_SETTLED = frozenset(
    key for slot in ("hero", "kind", "thing", "colour", "giver", "home", "goal") for key in POOLS[slot]
)


def _n_sentences(listener: Teller) -> int:
    return int(listener.world.get("n_sentences", 0))


# --- a story as choices ---------------------------------------------------------------------------------------


@cache
def _edition(language: str) -> Edition:
    return tales.teller(language).edition


@cache
def _pattern(source: str) -> str:
    return Template(source, str.split, " ").pattern


@dataclass(frozen=True)
class _Told:
    """A story as its choices, so that it can be said in both languages and with other fillings."""

    world: dict[str, str]
    said: list[Said]

    @classmethod
    def by(cls, rng: random.Random) -> "_Told":
        world, said = tales.PLOT.record(rng, _edition("en"))
        return cls(dict(world), said)

    def sentences(self, language: str = "en") -> list[str]:
        edition, text = _edition(language), self._text(language)
        return [edition.patterns[s.frame][s.paraphrase] % text for s in self.said]

    def before(self, n: int, language: str = "en") -> str:
        """The story's first `n` sentences."""
        return _edition(language).gap.join(self.sentences(language)[:n])

    def rest(self, n: int) -> str:
        """All after them."""
        return " ".join(self.sentences()[n:])

    def say(self, source: str) -> str:
        """Any sentence with fields, filled from this story."""
        return _pattern(source) % self._text("en")

    def with_(self, **changes: str) -> "_Told":
        """The same choices in another world."""
        return _Told({**self.world, **changes}, self.said)

    def place(self, *frames: str) -> int:
        """How many sentences there are before the first whose frame begins like one of these."""
        return next(i for i, said in enumerate(self.said) if said.frame.startswith(frames))

    def told(self, n: int) -> set[str]:
        """The slots that the first `n` sentences tell of."""
        slots = {slot for said in self.said[:n] for slot in said.settled}
        return slots | ({"helper"} if any(said.frame in _SOLVED for said in self.said[:n]) else set())

    def _text(self, language: str) -> dict[str, str]:
        said = _edition(language).said
        return {field: form for item in self.world.items() for field, form in said.get(item, {}).items()}


_SOLVED = ("friend finds", "stranger finds", "stranger forgives", "rescue")


# --- phrasings ------------------------------------------------------------------------------------------------


class _Phrasings(NamedTuple):
    """Ways to ask for one thing: those of training and of half the tests, and those of the other tests only."""

    trained: tuple[str, ...]
    new: tuple[str, ...]


class _Request(NamedTuple):
    """Chance, and whether the phrasing is to be one that is kept for tests."""

    rng: random.Random
    is_new: bool

    def pick(self, phrasings: _Phrasings) -> str:
        """One of the phrasings, to be filled in."""
        return self.rng.choice(phrasings.new if self.is_new else phrasings.trained)


_PHRASINGS = {
    "question": _Phrasings(
        ("{before} {question}", "Here is a story. {before} {question}"),
        ("{before} {question}", "{before} Here is a question. {question}"),
    ),
    "rewrite": _Phrasings(
        ("Tell it with {new} instead of {old}: {text}", "Put {new} for {old}: {text}",
         "{text} Now tell it with {new} instead of {old}.", "Say {new} instead of {old}: {text}"),
        ("Now put {new} instead of {old}: {text}", "{text} Tell it with {new} for {old}."),
    ),
    "continue": _Phrasings(
        ("What comes next? {before}", "{before} What comes next?", "Say the next sentence: {before}",
         "Continue the story: {before}"),
        ("Say what comes next: {before}", "{before} Continue the story."),
    ),
    "continue in chinese": _Phrasings(
        ("What comes next in Chinese? {before}", "{before} What comes next? Say it in Chinese.",
         "Continue in Chinese: {before}"),
        ("Say what comes next in Chinese: {before}", "{before} Continue in Chinese."),
    ),
    "say in chinese": _Phrasings(
        ("Say it in Chinese: {text}", "{text} Now tell it in Chinese.", "Put it in Chinese: {text}"),
        ("Tell it in Chinese: {text}", "{text} Put it in Chinese."),
    ),
    "finish": _Phrasings(
        ("Finish the story: {before}", "{before} How does the story end?", "Tell the story to its end: {before}"),
        ("How does the story end? {before}", "{before} Finish the story."),
    ),
}  # fmt: skip


class _Question(NamedTuple):
    """What the question asks for, its answer, and how it is put; the grammar's own wording comes first."""

    slot: str
    answer: str
    phrasings: _Phrasings


_QUESTIONS = {
    "giver": _Question("giver", "{hero.His} {giver} did.", _Phrasings(
        ("Who gave {hero} the {thing}?", "Who brought {hero} the {thing}?", "Tell me who gave {hero} the {thing}."),
        ("Who gave the {thing} to {hero}?", "Tell me who brought {hero} the {thing}."),
    )),
    "colour": _Question("colour", "It was {colour}.", _Phrasings(
        ("What colour was the {thing}?", "Which colour was the {thing}?", "What was the colour of the {thing}?"),
        ("Which was the colour of the {thing}?", "Tell me what colour the {thing} was."),
    )),
    "spot": _Question("spot", "In the {spot}.", _Phrasings(
        ("Where was the {thing}?", "In which place was the {thing}?", "Tell me where the {thing} was."),
        ("Tell me in which place the {thing} was.",),
    )),
    "shelter": _Question("spot", "In the {spot}.", _Phrasings(
        ("Where did {hero} hide?", "In which place did {hero} hide?", "Tell me where {hero} hid."),
        ("Tell me in which place {hero} hid.",),
    )),
    "finder": _Question("helper", "{helper} did.", _Phrasings(
        ("Who found the {thing}?", "Who was it that found the {thing}?", "Tell me who found the {thing}."),
        ("Tell me who it was that found the {thing}.",),
    )),
    "rescuer": _Question("helper", "{helper} did.", _Phrasings(
        ("Who came to help {hero}?", "Who was it that came to help {hero}?", "Tell me who came to help {hero}."),
        ("Tell me who it was that came to help {hero}.",),
    )),
    "goal": _Question("goal", "{goal.Cap}.", _Phrasings(
        ("What did {hero} want to gather?", "What was {hero} going to gather?", "What did {hero} want to find?"),
        ("What was {hero} going to find?", "Tell me what {hero} was going to gather."),
    )),
    "place": _Question("goal", "To the {place}.", _Phrasings(
        ("Where did {hero} go that day?", "To which place did {hero} go?", "Tell me where {hero} went that day."),
        ("To which place did {hero} go that day?", "Tell me to which place {hero} went."),
    )),
    "home": _Question("home", "Near the {home}.", _Phrasings(
        ("Where did {friend} live?", "Near which place did {friend} live?", "Tell me where {friend} lived."),
        ("Tell me near which place {friend} lived.",),
    )),
    "thief": _Question("thief", "The {thief} did.", _Phrasings(
        ("Who took the {thing}?", "Who stole the {thing}?", "Tell me who took the {thing}."),
        ("Who was it that took the {thing}?", "Tell me who stole the {thing}."),
    )),
}  # fmt: skip


# --- one maker for each kind ----------------------------------------------------------------------------------


def _answer(request: _Request) -> Instruction | None:
    story, n = _Told.by(request.rng), request.rng.randint(3, 11)
    name = request.rng.choice(_answered(story, n))
    return Instruction("answer", _asked(request, story.before(n), story, name), story.say(_QUESTIONS[name].answer))


def _refuse(request: _Request) -> Instruction | None:
    story, n = _Told.by(request.rng), request.rng.randint(2, 11)
    name, asked = request.rng.choice(_unanswered(request.rng, story, n))
    return Instruction("refuse", _asked(request, story.before(n), asked, name), NOT_SAID)


def _answered(story: _Told, n: int) -> list[str]:
    """The questions that the first `n` sentences settle."""
    told, others = story.told(n), _STORMY if story.world["crisis"] != "storm" else _CALM
    return [name for name, question in _QUESTIONS.items() if question.slot in told and name not in others]


def _unanswered(rng: random.Random, story: _Told, n: int) -> list[tuple[str, _Told]]:
    """The questions that they do not settle, each with the world it is asked in."""
    told = story.told(n)
    nobody = story.with_(friend=_another(rng, "friend", story.world))  # somebody who is not in the story
    names = [name for name in _sure(story.world) if _QUESTIONS[name].slot not in told]
    return [*((name, story) for name in names), ("home", nobody)]


def _interview(request: _Request, n_questions: int) -> list[dict[str, str]]:
    story, n = _Told.by(request.rng), request.rng.randint(2, 11)
    before, turns = story.before(n), list[Instruction]()
    while len(turns) < n_questions:
        if request.rng.random() < 0.6:
            name, asked = request.rng.choice(_answered(story, n)), story
            answer = story.say(_QUESTIONS[name].answer)
        else:
            (name, asked), answer = request.rng.choice(_unanswered(request.rng, story, n)), NOT_SAID
        question = asked.say(request.pick(_QUESTIONS[name].phrasings))
        whole = request.pick(_PHRASINGS["question"]).format(before=before, question=question)
        if not _is_for_tests(whole):
            turns.append(Instruction("answer", question if turns else whole, answer))
    return [message for turn in turns for message in turn.messages]


# A thing is lost, except in a storm: then the hero is, and holds the thing.
_STORMY, _CALM = ("shelter", "rescuer"), ("spot", "finder", "thief")


def _sure(world: dict[str, str]) -> list[str]:
    """The questions to which nothing in this story looks like an answer until the answer has been told."""
    names = ["giver", "colour", "goal", "place"]
    if world["crisis"] == "storm":
        return names + ([] if world["trait"] == "shy" else ["shelter", "rescuer"])  # the shy hide behind a tree
    if world["crisis"] in ("theft", "drop"):  # else the wind took it
        names.append("thief")
    if world["got"] != "parcel" and world["found_by"] != "nobody":  # else the hero found it, in a parcel
        names += ["spot", "finder"]
    return names


def _asked(request: _Request, before: str, story: _Told, name: str) -> str:
    question = story.say(request.pick(_QUESTIONS[name].phrasings))
    return request.pick(_PHRASINGS["question"]).format(before=before, question=question)


def _another(rng: random.Random, slot: str, world: dict[str, str]) -> str:
    """A filling that nothing in this world has."""
    return rng.choice([key for key in POOLS[slot] if key not in world.values()])


def _rewrite(request: _Request) -> Instruction | None:
    story = _Told.by(request.rng)
    first = request.rng.randrange(story.place("ask", "lesson"))
    part = _Told(story.world, story.said[first : first + request.rng.randint(1, 2)])
    slots = sorted(_named(part) - {"goal", "helper"})  # what grows elsewhere would change the place as well
    if not slots or not all(map(_is_of_recalled, part.said)):
        return None
    slot = request.rng.choice(slots)
    old, new = story.world[slot], _another(request.rng, slot, story.world)
    # One who helps is named in two slots.
    changed = part.with_(**{s: new for s, key in story.world.items() if key == old and s in POOLS})
    prompt = request.pick(_PHRASINGS["rewrite"]).format(old=old, new=new, text=part.rest(0))
    return Instruction("rewrite", prompt, changed.rest(0))


# What tales come back to again and again, so that a model of tales has learned to recall it. A home, an animal or a
# weather is hardly ever told twice, and a small model needs many minutes more to learn to copy each of them.
_RECALLED = frozenset(["hero", "friend", "stranger", "helper", "thing", "colour", "giver", "goal"])


def _is_of_recalled(said: Said) -> bool:
    """Whether all that the sentence tells of is what tales come back to."""
    return {field.slot for field in _fields(said, "en")} <= _RECALLED


def _named(part: _Told) -> set[str]:
    """The slots whose fillings these sentences say by name."""
    return {f.slot for said in part.said for f in _fields(said, "en") if f.form in _BY_NAME}


_BY_NAME = ("", "a", "Cap")


def _fields(said: Said, language: str) -> list[Field]:
    parts = _edition(language).templates[said.frame][said.paraphrase].parts
    return [part for part in parts if isinstance(part, Field)]


def _continue(request: _Request) -> Instruction | None:
    story, n = _Told.by(request.rng), request.rng.randint(1, 8)
    before = story.before(n)
    prompt = request.pick(_PHRASINGS["continue"]).format(before=before)
    return Instruction("continue", prompt, story.sentences()[n], before)


def _chinese(request: _Request) -> Instruction | None:
    story, n = _Told.by(request.rng), request.rng.randint(1, 8)
    if request.rng.random() < 0.5:
        return _in_chinese(request, _Told(story.world, [story.said[n]]))
    prompt = request.pick(_PHRASINGS["continue in chinese"]).format(before=story.before(n))
    return Instruction("chinese", prompt, story.sentences("zh")[n], story.before(n, "zh"), "zh")


def _in_chinese(request: _Request, part: _Told) -> Instruction | None:
    if not all(_is_of_recalled(said) and _settles_chinese(said) for said in part.said):
        return None
    prompt = request.pick(_PHRASINGS["say in chinese"]).format(text=part.rest(0))
    return Instruction("chinese", prompt, part.sentences("zh")[0], language="zh")


def _settles_chinese(said: Said) -> bool:
    """Whether the English sentence says all that the Chinese one does: "She wore it" does not say what she wore."""
    return settles_chinese(_fields(said, "en"), _fields(said, "zh"))


def _finish(request: _Request) -> Instruction | None:
    story = _Told.by(request.rng)
    n = story.place("meet") + 1
    before = story.before(n)
    return Instruction("finish", request.pick(_PHRASINGS["finish"]).format(before=before), story.rest(n), before)


_MAKERS: dict[str, Callable[[_Request], Instruction | None]] = {
    "answer": _answer, "refuse": _refuse, "rewrite": _rewrite, "continue": _continue, "chinese": _chinese,
    "finish": _finish,
}  # fmt: skip
