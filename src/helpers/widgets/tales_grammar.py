"""What the storyteller in the page must be told: the sentences, words and numbers of English Tales, as plain data.

The plot itself is a program, and static/tales.js says it again in JavaScript; what it looks up stands here.
"""

from typing import Any

from helpers.corpora import tales
from helpers.corpora.tales_frames import FRAMES, TROUBLES
from helpers.corpora.tales_lexicon import LEXICON, PLACE_OF, POOLS


def tales_grammar() -> dict[str, Any]:
    """Everything that `makeStoryteller` in tales.js needs, ready for JSON."""
    return {
        "frames": {frame: english for frame, (english, _) in FRAMES.items()},
        "lexicon": LEXICON["en"],
        "pools": POOLS,
        "place_of": PLACE_OF,
        "troubles": TROUBLES,
        "helps": tales.HELPS,
        "brings": tales.BRINGS,
        "crises": tales.CRISES,
        "solved_by": tales.SOLVED_BY,
        "good_hearts": tales.GOOD_HEARTS,
    }
