"""The tokenizer explorer: the replay in the page cuts every text as BPETokenizer does with the first merges only."""

import json
import random
import re

import pytest
from traitlets import TraitError

from helpers import checkpoints
from helpers.corpora import tales
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.pretokenize import LLAMA_3_PATTERN
from helpers.widgets.bundle import STATIC
from helpers.widgets.tokenizer_explorer import LABELS, LONGEST, SAMPLES, TokenizerExplorer, shipped_tokenizer
from tests.widgets.javascript import ask, run_module
from tests.widgets.test_bpe import STRANGE, random_texts

REPLAY = """
import { makeTokenizer } from "{static}/bpe.js";
import { readText, seamsInside, splitCharacters, tokensAfter } from "{static}/tokenizer_explorer.js";
const [content, texts, places] = process.argv.slice(1).map((text) => JSON.parse(text));
const [tokenizer, inside] = [makeTokenizer(content), seamsInside(content.merges)];
console.log(JSON.stringify(texts.map((text) => {
  const read = readText(tokenizer, inside, text);
  const after = places.map((m) => ({
    tokens: tokensAfter(m, read.bytes, read.seams), split: splitCharacters(m, read.seams, read.ends),
  }));
  return { ...read, after };
})));
"""

TEXTS = [*tales.stories(2, seed=5), *tales.stories(2, seed=5, language="zh"), *STRANGE, *random_texts(20)]
TEXTS += [sample["text"] for sample in SAMPLES]


def first_merges(tokenizer: BPETokenizer, m: int) -> BPETokenizer:
    return BPETokenizer(tokenizer.merges[:m], pattern=tokenizer.pattern)


@pytest.fixture(scope="module", params=["english", "chinese", "letters"])
def trained(request: pytest.FixtureRequest) -> BPETokenizer:
    """The shipped tokenizer, one that learned to join the bytes of Chinese, one whose pieces are single signs."""
    if request.param == "english":
        return shipped_tokenizer()
    if request.param == "chinese":
        return BPETokenizer.train(tales.stories(80, seed=3, language="zh"), n_merges=300)
    return BPETokenizer([(104, 101), (116, 256), (0xC3, 0xA9), (0xE4, 0xB8)], pattern=r"[^\s]|\s+")


@pytest.fixture(scope="module")
def places(trained: BPETokenizer) -> list[int]:
    n = len(trained.merges)
    return sorted({0, 1, 2, n - 1, n, *random.Random(1).sample(range(n), min(n, 12))})


@pytest.fixture(scope="module")
def readings(trained: BPETokenizer, places: list[int]) -> list[dict]:
    return run_module(REPLAY, trained.to_dict(), TEXTS, places)


def test_after_any_number_of_merges_the_tokens_are_those_of_a_tokenizer_with_these_merges(
    trained: BPETokenizer, places: list[int], readings: list[dict]
):
    for i, m in enumerate(places):
        young = first_merges(trained, m)
        for text, reading in zip(TEXTS, readings, strict=True):
            tokens = reading["after"][i]["tokens"]
            assert [token["id"] for token in tokens] == young.encode(text), (m, text)
            spelled = [bytes(reading["bytes"][token["start"] : token["end"]]) for token in tokens]
            assert spelled == [young.decode_bytes([token["id"]]) for token in tokens]


def test_the_curve_is_the_number_of_tokens_after_every_merge(trained: BPETokenizer, readings: list[dict]):
    chosen = [i for i, text in enumerate(TEXTS) if len(text) < 60]
    for m in range(0, len(trained.merges) + 1, 15):
        young = first_merges(trained, m)
        for i in chosen:
            steps = [step for step in readings[i]["steps"] if step["merge"] <= m]
            n_tokens = steps[-1]["tokens"] if steps else len(TEXTS[i].encode())
            assert n_tokens == len(young.encode(TEXTS[i])), (m, TEXTS[i])


def test_a_step_tells_how_often_its_merge_joins(trained: BPETokenizer, readings: list[dict]):
    for text, reading in zip(TEXTS, readings, strict=True):
        for step in reading["steps"][::9]:
            ids = first_merges(trained, step["merge"]).encode(text)
            assert step["times"] == ids.count(255 + step["merge"]), (step, text)


def test_no_token_of_any_time_crosses_a_block(readings: list[dict]):
    for text, reading in zip(TEXTS, readings, strict=True):
        blocks = [block for piece in reading["blocks"] for block in piece]
        drawn = "".join(character for block in blocks for character in block["characters"])
        assert text.startswith(drawn)
        assert len(drawn.encode()) == reading["drawn"]
        borders = {block["end"] for block in blocks}
        for after in reading["after"]:
            assert borders <= {token["end"] for token in after["tokens"]}


def test_characters_and_those_cut_in_parts_are_counted(trained: BPETokenizer, places: list[int], readings: list[dict]):
    for i, m in enumerate(places):
        young = first_merges(trained, m)
        for text, reading in zip(TEXTS, readings, strict=True):
            assert reading["characters"] == len(text)
            assert reading["after"][i]["split"] == n_split(young, text), (m, text)


def n_split(tokenizer: BPETokenizer, text: str) -> int:
    """Characters with the border of a token inside."""
    borders, end = set(), 0
    for i in tokenizer.encode(text):
        borders.add(end := end + len(tokenizer.decode_bytes([i])))
    count, end = 0, 0
    for character in text:
        start, end = end, end + len(character.encode())
        count += any(place in borders for place in range(start + 1, end))
    return count


def test_a_long_text_is_drawn_in_part_and_counted_whole():
    text = "the fox " * 200
    reading = run_module(REPLAY, shipped_tokenizer().to_dict(), [text], [768])[0]
    assert 240 <= reading["drawn"] < 260
    assert len(reading["bytes"]) == reading["characters"] == 1600


def test_every_sign_can_be_seen():
    given = [" ", "\n", "\t", "\0", "\x1b", "\u0301", "\u00a0", "\u200d", "\x7f", "a", "狐"]
    shown = ["␣", "⏎", "⇥", "␀", "␛", "◌\u0301", "U+00A0", "U+200D", "U+007F", "a", "狐"]
    assert ask("tokenizer_explorer.js", *(["signOf", sign] for sign in given)) == shown


def test_it_starts_with_the_shipped_tokenizer_and_all_its_merges():
    explorer, shipped = TokenizerExplorer(), checkpoints.load("gpt-tales")[1]
    assert explorer.n_merges == len(shipped.merges) == len(json.loads(explorer.tokenizer)["merges"])
    assert explorer.ids == shipped.encode(explorer.text)
    assert explorer.tokens == shipped.tokens(explorer.text)


def test_ids_and_tokens_follow_the_text_and_the_slider():
    explorer = TokenizerExplorer(text="the 狐", n_merges=0)
    assert explorer.tokens == ["t", "h", "e", "·", "<e7>", "<8b>", "<90>"]
    explorer.n_merges = 1
    assert explorer.ids == [116, 256, 32, 0xE7, 0x8B, 0x90]
    explorer.set_state({"text": "he", "n_merges": 4})
    assert explorer.tokens == ["he"]
    explorer.text = ""
    assert explorer.ids == []


def test_a_tokenizer_of_ones_own_is_taken():
    own = BPETokenizer.train("hop hop hop hop", n_merges=2)
    explorer = TokenizerExplorer(own, text="hop")
    assert explorer.n_merges == 2
    assert explorer.ids == own.encode("hop")
    assert TokenizerExplorer(BPETokenizer([]), text="ab").ids == [97, 98]


FOREIGN = {i: bytes([255 - i]) for i in range(256)} | {256: b"he"}


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        (BPETokenizer([(151, 154)], vocabulary=FOREIGN), "a vocabulary in another order: give one from BPETok"),
        (BPETokenizer([(104, 101)], whole_pieces=True), "give one from BPETokenizer.train"),
        (BPETokenizer([(104, 101)], pattern=LLAMA_3_PATTERN), "JavaScript knows too, got one with '..i'"),
        (BPETokenizer([(104, 101)], pattern=r"\p{L}++|."), "JavaScript knows too, got one with '[+][+]'"),
    ],
)
def test_a_tokenizer_that_the_page_cannot_follow_is_refused(tokenizer: BPETokenizer, message: str):
    with pytest.raises(ValueError, match=message):
        TokenizerExplorer(tokenizer)


@pytest.mark.parametrize(
    ("setting", "value", "error", "message"),
    [
        ("n_merges", -1, TraitError, "from 0 .bytes. to all 768, got -1"),
        ("n_merges", 769, TraitError, "from 0 .bytes. to all 768, got 769"),
        ("text", "a" * (LONGEST + 1), TraitError, "at most 2000 characters, got 2001: give it a part"),
        ("text", "\ud800", ValueError, "lone surrogate"),
    ],
)
def test_a_setting_out_of_range_is_refused_at_the_start_and_later(
    setting: str, value: object, error: type, message: str
):
    with pytest.raises(error, match=message):
        TokenizerExplorer(**{setting: value})
    explorer = TokenizerExplorer()
    with pytest.raises(error, match=message):
        setattr(explorer, setting, value)


def test_the_script_uses_every_label_and_no_other():
    script = (STATIC / "tokenizer_explorer.js").read_text(encoding="utf-8")
    used = set(re.findall(r"\btext\.(\w+)", script)) - {"length"}
    used |= {"previous", "next", "characters", "bytes", "tokens", "ratio"}
    assert used == set(LABELS)
