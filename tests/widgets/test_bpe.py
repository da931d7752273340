"""The tokenizer in the page cuts every text as helpers.tokenizers does."""

import json
import random

import pytest

from helpers import checkpoints
from helpers.corpora import tales
from helpers.tokenizers import BPETokenizer
from tests.widgets.javascript import run_module

PROGRAM = """
import { makeTokenizer } from "{static}/bpe.js";
const [content, texts] = process.argv.slice(1).map((text) => JSON.parse(text));
const tokenizer = makeTokenizer(content);
console.log(JSON.stringify(texts.map((text) => {
  const ids = tokenizer.encode(text);
  return { ids, text: tokenizer.decode(ids), names: ids.map(tokenizer.nameOf), end: tokenizer.endOfText };
})));
"""

STRANGE = [
    "", " ", "   ", "\n\n\t a", "don't she'll I'M we've it's", "🦊🦊 👩‍👩‍👧 é é", "注意力机制，很好。", "x²+½Ⅷ٣", 
    "a\u00a0b\u2003c\ufeffd\u0085e\u001cf", "\ufeffmark",     "tab\tend ", "'s's 's", "…—“quoted”",
    "\u200b\u200d", "𝒳𝒴 mathematical", "<|endoftext|>", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]  # fmt: skip


def random_texts(n: int) -> list[str]:
    """Characters from everywhere but the surrogates, which UTF-8 cannot write."""
    rng = random.Random(4)
    ranges = [(0, 0x250), (0x2000, 0x2070), (0x3000, 0x3100), (0x4E00, 0x4F00), (0x1F600, 0x1F650), (0, 0xD800)]
    return ["".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(30)) for _ in range(n)]


@pytest.fixture(scope="module")
def tokenizer() -> BPETokenizer:
    return checkpoints.load("gpt-tales")[1]


def test_ids_and_text_equal_those_of_the_library(tokenizer: BPETokenizer):
    texts = [*tales.stories(40, seed=77), *tales.stories(5, seed=77, language="zh"), *STRANGE, *random_texts(200)]
    answers = run_module(PROGRAM, tokenizer.to_dict(), texts)
    for text, answer in zip(texts, answers, strict=True):
        assert answer["ids"] == tokenizer.encode(text), repr(text)
        assert answer["text"] == text
        assert answer["end"] == tokenizer.eot_id


def test_a_word_of_any_length_is_cut(tokenizer: BPETokenizer):
    program = """
        import { makeTokenizer } from "{static}/bpe.js";
        const ids = makeTokenizer(JSON.parse(process.argv[1])).encode("z".repeat(200_000));
        console.log(JSON.stringify(ids.length));
    """
    assert run_module(program, tokenizer.to_dict()) == len(tokenizer.encode("z" * 200_000))


def test_part_of_a_character_is_named_by_its_bytes(tokenizer: BPETokenizer):
    answer = run_module(PROGRAM, tokenizer.to_dict(), ["🦊 the"])[0]
    assert answer["names"] == ["<f0>", "<9f>", "<a6>", "<8a>", " the"]


def test_chinese_merges_work_inside_characters():
    tokenizer = BPETokenizer.train(tales.stories(60, seed=3, language="zh"), n_merges=200)
    texts = tales.stories(10, seed=4, language="zh")
    answers = run_module(PROGRAM, json.loads(json.dumps(tokenizer.to_dict())), texts)
    assert [answer["ids"] for answer in answers] == [tokenizer.encode(text) for text in texts]
