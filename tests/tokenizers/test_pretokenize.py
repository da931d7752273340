import sys
import unicodedata

import pytest
from tokenizers.pre_tokenizers import ByteLevel

from helpers.tokenizers import pretokenize
from tests.tokenizers.awkward import AWKWARD, random_text

LIBRARY = ByteLevel(add_prefix_space=False)


def library_pieces(text: str) -> list[str]:
    return [text[start:end] for _, (start, end) in LIBRARY.pre_tokenize_str(text)]


def assigned(text: str) -> str:
    """Without code points that this Python's Unicode tables do not know: newer tables may call them letters."""
    return "".join(c for c in text if unicodedata.category(c) != "Cn")


@pytest.mark.parametrize("name", AWKWARD)
def test_pieces_equal_those_of_the_tokenizers_library_on_awkward_text(name):
    assert pretokenize(AWKWARD[name]) == library_pieces(AWKWARD[name])


@pytest.mark.parametrize("seed", range(50))
def test_pieces_equal_those_of_the_tokenizers_library_on_random_text(seed):
    text = assigned(random_text(seed))
    assert pretokenize(text) == library_pieces(text)


def test_every_known_character_is_classed_as_the_tokenizers_library_classes_it():
    # Between a letter, a digit and a sign, a character shows its class by what it joins.
    for start in range(0, sys.maxunicode, 4096):
        block = assigned("".join(map(chr, range(start, start + 4096))).encode("utf-8", "ignore").decode())
        text = "".join(f"a{c}1{c}!{c} " for c in block)
        assert pretokenize(text) == library_pieces(text), f"in the block from U+{start:04X}"


def test_pieces_equal_those_of_the_tokenizers_library_on_the_manual(manual):
    assert pretokenize(manual) == library_pieces(manual)


@pytest.mark.parametrize("text", [*AWKWARD.values(), *map(random_text, range(20))])
def test_joined_pieces_are_the_text(text):
    assert "".join(pretokenize(text)) == text
