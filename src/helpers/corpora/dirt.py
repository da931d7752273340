"""What is wrong with the texts of a crawl, done on purpose: each function spoils a good text as the web does.

The text and the chance are arguments, so the same seed plants the same dirt.
"""

import random
import string

from helpers.corpora.documents import lines_of, sentences_of, words_of

_SITES = ("TaleTown", "StoryHub", "Fable Daily", "The Lantern", "ReadMore", "Kids Corner", "Old Mill News")
_MENUS = (
    "Home | Stories | About | Contact",
    "Menu  Login  Search  Cart",
    "Home > Archive > Page {n}",
    "Share  Tweet  Pin",
)
_BANNERS = (
    "We use cookies to give you the best experience.",
    "Please enable JavaScript to read comments.",
    "By reading {site} you accept our privacy policy and our terms of use.",
    "Click here to subscribe to the newsletter of {site}!",
    "Sign up now and never miss a story again.",
)
_FOOTERS = (
    "© {site} {year}, all rights reserved",
    "Posted by admin on {n} May {year} in Uncategorized",
    "Read more: {n} stories you will not believe",
    "All opinions are those of their authors and not of {site}.",
    "{n} comments, {year} views",
)
_TITLES = ("A tale worth telling", "From our archive: number {n}", "Story of the week ({n})", "Reposted from {site}")
_NOISE = "#$%&*+=@^~|<>{}[]\\/_�"


def near_copy(text: str, rng: random.Random) -> tuple[str, tuple[str, ...]]:
    """The text as another site prints it: a few words changed, perhaps a sentence dropped, perhaps titles on top.

    Beside the text, the titles.
    """
    text = edited(text, rng, share=rng.uniform(0.005, 0.04))
    if rng.random() < 0.5:
        sentences = sentences_of(text)
        del sentences[rng.randrange(len(sentences))]
        text = "".join(sentences) or text
    titles = tuple(_filled(rng, _TITLES) for _ in range(rng.randrange(2)))
    return "\n".join([*titles, text]), titles


def edited(text: str, rng: random.Random, share: float) -> str:
    """The text with this share of its words, at least one, replaced by others of its own words."""
    gap = " " if " " in text else ""
    words = text.split(" ") if gap else list(text)
    places = [place for place, word in enumerate(words) if any(map(str.isalpha, word))]
    for place in rng.sample(places, min(len(places), max(1, round(share * len(places))))):
        words[place] = words[rng.choice(places)]
    return gap.join(words)


def with_boilerplate(text: str, rng: random.Random) -> tuple[str, tuple[str, ...]]:
    """The text among what surrounds it on a page, and the lines that were added: menu, banners, footers."""
    above = [_filled(rng, _MENUS), *(_filled(rng, _BANNERS) for _ in range(rng.randrange(2)))]
    below = [_filled(rng, _BANNERS), *(_filled(rng, _FOOTERS) for _ in range(rng.randrange(1, 4)))]
    return "\n".join([*above, text, *below]), (*above, *below)


def _filled(rng: random.Random, lines: tuple[str, ...]) -> str:
    line = rng.choice(lines)
    return line.format(site=rng.choice(_SITES), n=rng.randrange(2, 30), year=rng.randrange(2005, 2025))


def mojibake(text: str, rng: random.Random) -> str:
    """The text as it looks when its bytes are read in another encoding than they were written in."""
    accented = text.replace("e", rng.choice("éèê")).replace('"', "“").replace("'", "’")
    return accented.encode("utf-8").decode("latin-1")


def mashed_keys(text: str, rng: random.Random) -> str:
    """As many words as the text has, of random letters."""
    words = ("".join(rng.choices(string.ascii_lowercase, k=rng.randrange(2, 9))) for _ in words_of(text))
    return " ".join(words) + "."


def symbol_noise(text: str, rng: random.Random) -> str:
    """The text with every fifth character lost to symbols, as from a broken file."""
    return "".join(rng.choice(_NOISE) if rng.random() < 0.2 else character for character in text)


def word_salad(text: str, rng: random.Random) -> str:
    """The text's own words in random order and a full stop, as pages written for search engines have them."""
    gap = " " if " " in text else ""
    words = text.split() if gap else list(text)
    return gap.join(rng.sample(words, len(words))) + "."


GIBBERISH = (mojibake, mashed_keys, symbol_noise)


def gibberish(text: str, rng: random.Random) -> str:
    """The text made unreadable in one of the ways of `GIBBERISH`."""
    return rng.choice(GIBBERISH)(text, rng)


def passage(text: str, rng: random.Random, shortest: int = 5) -> str:
    """At least `shortest` sentences in a row: what somebody quotes."""
    sentences = sentences_of(text)
    first = rng.randrange(max(1, len(sentences) - shortest))
    return "".join(sentences[first : first + rng.randrange(shortest, len(sentences) + 1)]).strip()


def leaked(text: str, quoted: str, rng: random.Random) -> str:
    """The text with a quotation between two of its lines."""
    lines = lines_of(text)
    lines.insert(rng.randrange(len(lines) + 1), quoted)
    return "\n".join(lines)
