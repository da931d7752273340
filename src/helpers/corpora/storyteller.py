"""A storyteller is a program that chooses, so everything about its stories can be computed.

A plot is a list of scenes. A scene is a Python generator that yields one kind of thing, a *choice*: weights over
sentence frames, and the slots that are still open. The one who runs the scene picks a frame, fills its slots,
writes both into the world, and sends back which frame was said. Sampling, scoring, exact next-word
distributions, entropy and the number of stories are five ways to run the same scenes.

Convention: a frame is picked by its weight, then one of its paraphrases and the filling of each of its slots
uniformly and independently. Both languages have equally many paraphrases, so one plot is equally
probable in both. The texts of one choice must form a prefix code (none begins with another): then a text has
one derivation, and a forward filter over the sentence under way is exact without looking back.

Source: the forward algorithm, Rabiner 1989, "A Tutorial on Hidden Markov Models", section III.A.
"""

import math
import random
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

END = "<end>"

Slots = dict[str, tuple[str, ...]]
Choice = tuple[dict[str, float], Slots]
Story = Generator[Choice, str, None]
Telling = Generator[Choice, str, str]
Forms = dict[str, str]

_FIELD = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


class AmbiguousGrammar(ValueError):
    """Two derivations give the same text, or the text of one begins with the text of the other."""


class World(dict[str, str]):
    """What is settled so far: slot or fact -> key; `text` holds how each settled slot is said."""

    def __init__(self, edition: "Edition | None" = None, facts: dict[str, str] | None = None):
        super().__init__(facts or {})
        self.edition = edition
        self.text: dict[str, str] = {}

    def bind(self, slot: str, key: str) -> None:
        """Settle a slot that sentences can say; for facts that are never said, `world[fact] = key` is enough."""
        self[slot] = key
        if self.edition:
            self.text.update(self.edition.said[slot, key])


@dataclass(frozen=True)
class Scene:
    """A part of the plot, with the facts that steer it (its weights or its frames depend on them)."""

    run: Callable[[World], Story]
    reads: frozenset[str]


def scene(*reads: str) -> Callable[[Callable[[World], Story]], Scene]:
    """Declare a scene and all facts that steer it; `Census` forgets every fact that nobody declares."""
    return lambda run: Scene(run, frozenset(reads))


@dataclass(frozen=True)
class Field:
    """A place in a template where a form of a slot's filling is said: `{hero}` or `{hero.his}`."""

    slot: str
    form: str


class Template:
    """One paraphrase in one language: `parts` as text and fields, `pieces` as words and fields."""

    def __init__(self, source: str, split: Callable[[str], list[str]], gap: str):
        self.pattern = _FIELD.sub(lambda m: f"%({m[1]}.{m[2] or ''})s", source).replace(" ", gap)
        self.parts: list[str | Field] = []
        self.pieces: list[tuple[str, ...] | Field] = []
        end = 0
        for match in _FIELD.finditer(source):
            self._literal(source[end : match.start()], split, gap)
            self.parts.append(Field(match[1], match[2] or ""))
            self.pieces.append(Field(match[1], match[2] or ""))
            end = match.end()
        self._literal(source[end:], split, gap)

    def _literal(self, text: str, split: Callable[[str], list[str]], gap: str) -> None:
        self.parts.append(text.replace(" ", gap))
        if text.strip():
            self.pieces.append(tuple(split(text)))

    @property
    def slots(self) -> set[str]:
        """The slots that the sentence says."""
        return {piece.slot for piece in self.pieces if isinstance(piece, Field)}


class Edition:
    """Frames and lexicon in one language, ready to be said.

    Args:
        frames: frame -> its paraphrases. Words are parted as `split` parts them.
        lexicon: key -> form -> how it is said; the form "" is the filling itself.
        pools: slot -> every key that can fill it.
        gap: what stands between two sentences (and for a space in a template): " " or "".
    """

    def __init__(
        self,
        frames: dict[str, tuple[str, ...]],
        lexicon: dict[str, Forms],
        pools: dict[str, tuple[str, ...]],
        split: Callable[[str], list[str]],
        gap: str,
    ):
        self.gap, self.lexicon, self.pools = gap, lexicon, pools
        self.templates = {name: [Template(s, split, gap) for s in texts] for name, texts in frames.items()}
        self.patterns = {name: [t.pattern for t in group] for name, group in self.templates.items()}
        # A slot is a frame's own only if every paraphrase says it: a choice that leaves no trace would be hidden.
        self.slots = {
            name: frozenset(set.intersection(*(t.slots for t in group))) for name, group in self.templates.items()
        }
        # The words of each form, and each slot's forms under the names that patterns use: `hero.`, `hero.his`, ...
        self.spoken = {
            (key, form): tuple(split(text)) for key, forms in lexicon.items() for form, text in forms.items()
        }
        self.said = {
            (slot, key): {f"{slot}.{form}": text.replace(" ", gap) for form, text in lexicon[key].items()}
            for slot, keys in pools.items()
            for key in keys
        }

    def vocabulary(self) -> list[str]:
        """Every word that can occur, sorted."""
        words: set[str] = set()
        for group in self.templates.values():
            for piece in (piece for template in group for piece in template.pieces):
                if isinstance(piece, Field):
                    for key in self.pools[piece.slot]:
                        words.update(self.spoken[key, piece.form])
                else:
                    words.update(piece)
        return sorted(words)


@dataclass(frozen=True)
class Said:
    """One sentence as it was chosen: frame, paraphrase, and the slots that it settled."""

    frame: str
    paraphrase: int
    settled: tuple[str, ...]


@dataclass(frozen=True)
class Totals:
    """What can be said about all stories that go on from one point of the plot."""

    entropy: float = 0.0
    stories: int = 1
    mean_words: float = 0.0
    longest: int = 0


@dataclass(frozen=True)
class Plot:
    """Scenes in order, told in any edition."""

    scenes: Sequence[Scene]

    def story(self, world: World) -> Story:
        """The whole story as one generator of choices."""
        for part in self.scenes:
            yield from part.run(world)

    def tell(self, rng: random.Random, edition: Edition) -> str:
        """One story as text, by the fastest way: no words, no record."""
        world = World(edition)
        uniform, text, slots_of = rng.random, world.text, edition.slots
        story = self.story(world)
        sentences = []
        weights, slots = next(story)
        while True:
            frame = _pick(weights, uniform())
            for slot, options in slots.items():
                if slot in slots_of[frame]:
                    key = world[slot] = options[int(uniform() * len(options))]
                    text.update(edition.said[slot, key])
            group = edition.patterns[frame]
            sentences.append(group[int(uniform() * len(group))] % text)
            try:
                weights, slots = story.send(frame)
            except StopIteration:
                return edition.gap.join(sentences)

    def record(self, rng: random.Random, edition: Edition) -> tuple[World, list[Said]]:
        """The same story as `tell` gives from the same generator, as the choices that were made."""
        world, said = World(edition), []
        story = self.story(world)
        weights, slots = next(story)
        while True:
            frame = _pick(weights, rng.random())
            settled = tuple(slot for slot in slots if slot in edition.slots[frame])
            for slot in settled:
                world.bind(slot, slots[slot][int(rng.random() * len(slots[slot]))])
            said.append(Said(frame, int(rng.random() * len(edition.templates[frame])), settled))
            try:
                weights, slots = story.send(frame)
            except StopIteration:
                return world, said


class Census:
    """Exact sums over all stories of a plot in one edition: `totals()`.

    Goes over the shapes of the plot and remembers, at the beginning of each scene, what can follow. Slots that no
    scene declares are exchangeable: their fillings differ in the words only, so the first one stands for all. (For
    the lengths this asks that all fillings of such a slot have equally many words.)
    """

    def __init__(self, plot: Plot, edition: Edition):
        self.scenes, self.edition = plot.scenes, edition
        reads = [part.reads for part in plot.scenes]
        self.live = [frozenset[str]().union(*reads[index:]) for index in range(len(reads))]
        self.memory: dict[tuple[int, tuple[tuple[str, str], ...]], Totals] = {}

    def totals(self) -> Totals:
        """Entropy in nats, number of stories, mean and greatest length in words."""
        return self._from(0, World())

    def _from(self, index: int, world: World) -> Totals:
        """What can follow at the beginning of a scene, where the facts that nobody will read are forgotten."""
        if index == len(self.scenes):
            return Totals()
        live, steering = self.live[index], self.live[0]
        world = World(None, {k: v for k, v in world.items() if k in live or k not in steering})
        key = (index, tuple(sorted((k, v) for k, v in world.items() if k in live)))
        if key not in self.memory:
            self.memory[key] = self._after(index, world, ())
        return self.memory[key]

    def _after(self, index: int, before: World, script: tuple[tuple[str, dict[str, str]], ...]) -> Totals:
        """What can follow once scene `index`, begun in the world `before`, has gone as the script says.

        A generator cannot be copied, so each branch plays the scene again from its beginning.
        """
        world = World(None, dict(before))
        story = self.scenes[index].run(world)
        try:
            weights, slots = next(story)
            for frame, filling in script:
                world.update(filling)
                weights, slots = story.send(frame)
        except StopIteration:
            return self._from(index + 1, world)
        total = sum(weights.values())
        branches = []
        for frame, weight in weights.items():
            for filling, p, n in self._fillings(frame, weight / total, slots):
                rest = self._after(index, before, (*script, (frame, filling)))
                branches.append((p, n, rest, _lengths(self.edition, frame, {**world, **filling})))
        return Totals(
            sum(p * (rest.entropy + math.log(n / p)) for p, n, rest, _ in branches),
            sum(n * rest.stories for _, n, rest, _ in branches),
            sum(p * (rest.mean_words + sum(ls) / len(ls)) for p, _, rest, ls in branches),
            max(rest.longest + max(ls) for _, _, rest, ls in branches),
        )

    def _fillings(self, frame: str, p: float, slots: Slots) -> Iterator[tuple[dict[str, str], float, int]]:
        """Fillings that differ for the plot; the probability of each, and of how many equal texts it is the sum."""
        own = {slot: options for slot, options in slots.items() if slot in self.edition.slots[frame]}
        steering = {slot: options for slot, options in own.items() if slot in self.live[0]}
        others = {slot: options for slot, options in own.items() if slot not in steering}
        n_equal = len(self.edition.templates[frame]) * math.prod(map(len, others.values()))
        for keys in product(*steering.values()):
            filling = {slot: options[0] for slot, options in others.items()} | dict(zip(steering, keys, strict=True))
            yield filling, p / math.prod(map(len, steering.values())), n_equal


def _lengths(edition: Edition, frame: str, world: dict[str, str]) -> list[int]:
    """Words of each paraphrase of a frame."""
    return [
        sum(len(p) if isinstance(p, tuple) else len(edition.spoken[world[p.slot], p.form]) for p in t.pieces)
        for t in edition.templates[frame]
    ]


def _pick(weights: dict[str, float], uniform: float) -> str:
    """The name that a uniform number in [0, 1) selects."""
    if len(weights) == 1:
        return next(iter(weights))
    left = uniform * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0:
            return name
    return name


class Hypothesis(NamedTuple):
    """A way in which the sentence under way may go on; it is complete when no word is left."""

    probability: float  # of this way and of what was said of the sentence so far
    frame: str
    words: tuple[str, ...]  # the next words, spelled out
    pieces: tuple[tuple[str, ...] | Field, ...]  # what comes after them
    settled: dict[str, str]


class Teller:
    """A language model that knows the grammar: `dist()` says what may come next, `push(word)` listens.

    Unlike a sampler, it does not choose; it follows a text and keeps every derivation that fits so far.
    """

    def __init__(self, plot: Plot, edition: Edition):
        self.edition = edition
        self.world = World()
        self.story = plot.story(self.world)
        self.finished = False
        self.hypotheses: list[Hypothesis] = []
        self._open(next(self.story))

    def dist(self) -> dict[str, float]:
        """Exact probability of each word that can come next; `END` when the story is over."""
        if self.finished:
            return {END: 1.0}
        share: dict[str, float] = {}
        total = 0.0
        for guess in self.hypotheses:
            word = guess.words[0]
            share[word] = share.get(word, 0.0) + guess.probability
            total += guess.probability
        return {word: p / total for word, p in share.items()}

    def push(self, word: str) -> None:
        """Listen to the next word.

        Raises KeyError if no story goes on so, AmbiguousGrammar if the grammar itself breaks its rule.
        """
        hypotheses = self._hear(self.hypotheses, word)
        if not hypotheses:
            raise KeyError(word)
        self.hypotheses = hypotheses
        if not hypotheses[0].words:
            self._commit(hypotheses[0])

    def texts(self) -> Iterator[tuple[str, ...]]:
        """Every way to end the sentence under way, as words; AmbiguousGrammar if they are no prefix code."""
        return self._texts(self.hypotheses)

    def _texts(self, hypotheses: list[Hypothesis]) -> Iterator[tuple[str, ...]]:
        for word in dict.fromkeys(h.words[0] for h in hypotheses):
            heard = self._hear(hypotheses, word)
            if not heard[0].words:
                yield (word,)
                continue
            for rest in self._texts(heard):
                yield (word, *rest)

    def _hear(self, hypotheses: list[Hypothesis], word: str) -> list[Hypothesis]:
        """The hypotheses that go on with this word, after it: either one that is complete, or all incomplete."""
        heard = []
        for guess in hypotheses:
            if guess.words[0] == word:
                guess = guess._replace(words=guess.words[1:])
                heard += [guess] if guess.words or not guess.pieces else self._expand(guess)
        if len(heard) > 1 and not all(h.words for h in heard):
            raise AmbiguousGrammar(
                f"texts of one choice must form a prefix code, but in {sorted({h.frame for h in heard})} one ends "
                f"with {word!r} where another has the same words: change a word in one of them"
            )
        return heard

    def _commit(self, done: Hypothesis) -> None:
        self.world.update(done.settled)
        try:
            self._open(self.story.send(done.frame))
        except StopIteration:
            self.finished, self.hypotheses = True, []

    def _open(self, choice: Choice) -> None:
        weights, self.options = choice
        total = sum(weights.values())
        self.hypotheses = []
        for frame, weight in weights.items():
            group = self.edition.templates[frame]
            for template in group:
                self._refuse_hidden(frame, template)
                guess = Hypothesis(weight / total / len(group), frame, (), tuple(template.pieces), {})
                self.hypotheses += self._expand(guess)

    def _refuse_hidden(self, frame: str, template: Template) -> None:
        hidden = {s for s in template.slots & self.options.keys() if s not in self.edition.slots[frame]}
        if hidden:
            raise AmbiguousGrammar(f"every paraphrase of {frame!r} must say {sorted(hidden)}, or none")

    def _expand(self, guess: Hypothesis) -> list[Hypothesis]:
        """The hypothesis with its next piece spelled out; one for each filling if an open slot stands there."""
        piece, rest, spoken = guess.pieces[0], guess.pieces[1:], self.edition.spoken
        if isinstance(piece, tuple):
            return [guess._replace(words=piece, pieces=rest)]
        slot, form = piece.slot, piece.form
        if slot in guess.settled or slot not in self.options:
            key = guess.settled.get(slot) or self.world[slot]
            return [guess._replace(words=spoken[key, form], pieces=rest)]
        p, options = guess.probability, self.options[slot]
        return [
            Hypothesis(p / len(options), guess.frame, spoken[key, form], rest, {**guess.settled, slot: key})
            for key in options
        ]
