import inspect
import sys
import unicodedata

import pytest
from transformers.convert_slow_tokenizer import TikTokenConverter

from helpers.tokenizers import GPT2_PATTERN, LLAMA_3_PATTERN, pretokenize
from tests.tokenizers.awkward import AWKWARD, random_text
from tests.tokenizers.library import cut_by

both_patterns = pytest.mark.parametrize("pattern", [GPT2_PATTERN, LLAMA_3_PATTERN], ids=["gpt-2", "llama-3"])


def library_pieces(text: str, pattern: str) -> list[str]:
    return [text[start:end] for _, (start, end) in cut_by(pattern).pre_tokenize_str(text)]


def assigned(text: str) -> str:
    """Without code points that this Python's Unicode tables do not know: newer tables may call them letters."""
    return "".join(c for c in text if unicodedata.category(c) != "Cn")


@pytest.mark.equals(
    "helpers.tokenizers.pretokenize", "tokenizers.pre_tokenizers.Sequence.pre_tokenize_str", "pieces of awkward texts"
)
@both_patterns
@pytest.mark.parametrize("name", AWKWARD)
def test_pieces_equal_those_of_the_tokenizers_library_on_awkward_text(pattern, name):
    assert pretokenize(AWKWARD[name], pattern) == library_pieces(AWKWARD[name], pattern)


@pytest.mark.equals(
    "helpers.tokenizers.pretokenize", "tokenizers.pre_tokenizers.Sequence.pre_tokenize_str", "pieces of random texts"
)
@both_patterns
@pytest.mark.parametrize("seed", range(50))
def test_pieces_equal_those_of_the_tokenizers_library_on_random_text(pattern, seed):
    text = assigned(random_text(seed))
    assert pretokenize(text, pattern) == library_pieces(text, pattern)


@pytest.mark.equals(
    "helpers.tokenizers.pretokenize",
    "tokenizers.pre_tokenizers.Sequence.pre_tokenize_str",
    "pieces of every character of Unicode between others",
)
@both_patterns
def test_every_known_character_is_classed_as_the_tokenizers_library_classes_it(pattern):
    # Between a letter, a digit and a sign, a character shows its class by what it joins.
    for start in range(0, sys.maxunicode, 4096):
        block = assigned("".join(map(chr, range(start, start + 4096))).encode("utf-8", "ignore").decode())
        text = "".join(f"a{c}1{c}!{c} " for c in block)
        assert pretokenize(text, pattern) == library_pieces(text, pattern), f"in the block from U+{start:04X}"


@pytest.mark.equals(
    "helpers.tokenizers.pretokenize",
    "tokenizers.pre_tokenizers.Sequence.pre_tokenize_str",
    "pieces of the Python manual",
)
@both_patterns
def test_pieces_equal_those_of_the_tokenizers_library_on_the_manual(pattern, manual):
    assert pretokenize(manual, pattern) == library_pieces(manual, pattern)


@pytest.mark.parametrize("text", [*AWKWARD.values(), *map(random_text, range(20))])
@both_patterns
def test_joined_pieces_are_the_text(text, pattern):
    assert "".join(pretokenize(text, pattern)) == text


@pytest.mark.equals(
    "helpers.tokenizers.LLAMA_3_PATTERN",
    "transformers.convert_slow_tokenizer.TikTokenConverter",
    "the pattern of tiktoken's files",
)
def test_llama_3s_pattern_is_the_one_that_transformers_reads_tiktokens_files_with():
    assert inspect.signature(TikTokenConverter.__init__).parameters["pattern"].default == LLAMA_3_PATTERN


def test_llama_3_cuts_numbers_after_three_digits_and_keeps_line_breaks_together():
    pieces = ["I", "'LL", " pay", " ", "123", "456", "7", "(now", ").\n\n", "  \n", " ", " x"]
    assert pretokenize("".join(pieces), LLAMA_3_PATTERN) == pieces
