"""A forum where readers ask about a tale, and answer each other rightly."""

import random

from helpers.corpora.tales import LEXICON, POOLS, tale

# Slot of the world that answers, the question, the answer.
_QUESTIONS = (
    ("giver", "who gave {hero} the {colour} {thing}?", "it was {his} {answer}"),
    ("place", "where did {hero} go to look for {goal}?", "to the {answer}"),
    ("friend", "who is {hero}'s friend near the {home}?", "the friend is called {answer}"),
    ("weather", "what was the weather like when {hero} met {stranger}?", "it was {answer} that day"),
    ("trouble", "what was wrong with {stranger} the {stranger_kind}?", "the word for it is {answer}"),
)
_ASKS = ("{asker} asks: {question}", "{asker} wants to know: {question}", "A question from {asker}: {question}")
_QUOTES = ("The tale goes like this. ", "Here is what I read. ", "This is the tale I mean. ")
_ANSWERS = (
    "{replier} answers: {answer}, if I read it right.",
    "{replier} writes: dear {asker}, {answer}.",
    "I think {answer}, says {replier}.",
)


def thread(rng: random.Random) -> str:
    """A reader's question about a tale, the tale, and one or two more questions with their answers, line by line."""
    told = tale(rng)
    world = {**told.world, "his": LEXICON["en"][told.world["hero"]]["his"]}
    asker, *repliers = rng.sample(POOLS["hero"], 3)
    asked = rng.sample(_QUESTIONS, 2)
    lines = [rng.choice(_QUOTES) + told.text]
    for (slot, question, answer), replier in zip(asked, repliers, strict=True):
        names = {"asker": asker, "replier": replier}
        lines.append(rng.choice(_ASKS).format(question=question.format(**world), **names))
        lines.append(rng.choice(_ANSWERS).format(answer=answer.format(answer=world[slot], **world), **names))
    return "\n".join(lines)
