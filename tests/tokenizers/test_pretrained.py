"""Vocabulary files of others: equal ids to the `tokenizers` library, and clear words about broken files."""

import base64
import json
import os
import random
from itertools import pairwise
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers.convert_slow_tokenizer import bytes_to_unicode

from helpers.tokenizers import END_OF_TEXT, GPT2_PATTERN, LLAMA_3_PATTERN, BPETokenizer, load_tokenizer
from helpers.tokenizers.byte_names import NAME_OF_BYTE, bytes_named
from helpers.tokenizers.pretrained import LLAMA_3_SPECIAL_TOKENS, merges_by_rank
from tests.tokenizers.awkward import AWKWARD, random_text
from tests.tokenizers.library import cut_by

TEXTS = [*AWKWARD.values(), *map(random_text, range(20)), "I'LL 'ſ 'RE 1234567 ½12\r\n\r\n  x", "\n\n\n a\t\tb"]
N_MERGES = 400


def trained(text: str, pattern: str, special_tokens: tuple[str, ...] = ()) -> Tokenizer:
    """A tokenizer of the library: special tokens that it trains with stand first, as its trainer has it."""
    library = Tokenizer(BPE())
    library.pre_tokenizer = cut_by(pattern)
    trainer = BpeTrainer(
        vocab_size=len(special_tokens) + 256 + N_MERGES,
        special_tokens=list(special_tokens),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    library.train_from_iterator([text], trainer)
    return library


@pytest.fixture(scope="session")
def text(manual: str) -> str:
    return manual[:60_000] + "".join(AWKWARD.values())


@pytest.fixture(scope="session")
def gpt2_like(text: str) -> Tokenizer:
    """GPT-2's pattern; its special token comes last."""
    library = trained(text, GPT2_PATTERN)
    library.add_special_tokens([AddedToken(END_OF_TEXT, normalized=False)])
    return library


@pytest.fixture(scope="session")
def llama3_like(text: str) -> Tokenizer:
    """Llama 3's pattern and special tokens; whole pieces come before merges."""
    content = json.loads(trained(text, LLAMA_3_PATTERN).to_str())
    content["model"]["ignore_merges"] = True
    library = Tokenizer.from_str(json.dumps(content))
    library.add_special_tokens([AddedToken(name, normalized=False) for name in LLAMA_3_SPECIAL_TOKENS])
    return library


def model_of(library: Tokenizer) -> dict:
    """The library's vocabulary and merges."""
    return json.loads(library.to_str())["model"]


def write_gpt2_pair(library: Tokenizer, folder: Path) -> None:
    """vocab.json and merges.txt as GPT-2 has them, the special tokens in the vocabulary."""
    (folder / "vocab.json").write_text(json.dumps(library.get_vocab()), encoding="utf-8")
    lines = [" ".join(pair) for pair in model_of(library)["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines, ""]), encoding="utf-8")


def write_tiktoken(library: Tokenizer, folder: Path) -> None:
    """tokenizer.model in tiktoken's format."""
    by_id = sorted((i, bytes_named(name)) for name, i in model_of(library)["vocab"].items())
    lines = [f"{base64.b64encode(token).decode()} {i}" for i, token in by_id]
    (folder / "tokenizer.model").write_text("\n".join(lines) + "\n")


def ids(library: Tokenizer, text: str) -> list[int]:
    """The library's ids."""
    return library.encode(text, add_special_tokens=False).ids


def plain(library: Tokenizer) -> Tokenizer:
    """The same tokenizer without special tokens, so that their names are ordinary text."""
    content = json.loads(library.to_str())
    content["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(content))


def assert_equal(ours: BPETokenizer, library: Tokenizer) -> None:
    """Same ids on all texts, as ordinary text and with special tokens, and every text comes back."""
    ordinary = plain(library)
    for text in TEXTS:
        assert ours.encode(text) == ids(ordinary, text)
        assert ours.decode(ours.encode(text)) == text
    name = next(iter(ours.special))
    text = f"one{name}two {name}"
    assert ours.encode(text, allow_special=True) == ids(library, text)
    assert ours.vocab_size == library.get_vocab_size()
    assert {name: ours.special[name] for name in ours.special} == {
        token.content: i for i, token in library.get_added_tokens_decoder().items()
    }


@pytest.mark.equals(
    "helpers.tokenizers.byte_names.NAME_OF_BYTE",
    "transformers.convert_slow_tokenizer.bytes_to_unicode",
    "the printable character of each byte",
)
def test_the_names_of_bytes_are_those_of_transformers():
    assert bytes_to_unicode() == NAME_OF_BYTE


@pytest.mark.equals(
    "helpers.tokenizers.pretrained.from_vocab_and_merges",
    "tokenizers.models.BPE.from_file",
    "ids of awkward texts, from vocab.json and merges.txt",
)
def test_gpt2s_pair_of_files_gives_the_ids_of_the_library(gpt2_like, tmp_path):
    write_gpt2_pair(gpt2_like, tmp_path)
    ours = load_tokenizer(tmp_path)
    assert_equal(ours, gpt2_like)
    assert ours.eot_id == ours.vocab_size - 1
    assert ours.encode("!") == [0], "GPT-2 numbers the printable bytes first"


@pytest.mark.equals(
    "helpers.tokenizers.pretrained.from_tokenizer_json",
    "tokenizers.Tokenizer.from_file",
    "ids of awkward texts, from tokenizer.json with the patterns of GPT-2 and of Llama 3",
)
@pytest.mark.parametrize("kind", ["gpt2_like", "llama3_like"])
def test_tokenizer_json_gives_the_ids_of_the_library(request, kind, tmp_path):
    request.getfixturevalue(kind).save(str(tmp_path / "tokenizer.json"))
    assert_equal(load_tokenizer(tmp_path), Tokenizer.from_file(str(tmp_path / "tokenizer.json")))


def test_special_tokens_may_have_the_first_ids(text, tmp_path):
    library = trained(text, GPT2_PATTERN, special_tokens=("<pad>", END_OF_TEXT))
    library.save(str(tmp_path / "tokenizer.json"))
    ours = load_tokenizer(tmp_path)
    assert ours.special == {"<pad>": 0, END_OF_TEXT: 1}
    assert_equal(ours, library)


def test_merges_written_as_strings_are_read_as_well(gpt2_like, tmp_path):
    content = json.loads(gpt2_like.to_str())
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    assert_equal(load_tokenizer(tmp_path), gpt2_like)


@pytest.mark.equals(
    "helpers.tokenizers.pretrained.from_tiktoken",
    "tokenizers.Tokenizer.encode",
    "ids of awkward texts, from tokenizer.model in tiktoken's format",
)
def test_a_file_in_tiktokens_format_gives_the_ids_of_the_library(llama3_like, tmp_path):
    write_tiktoken(llama3_like, tmp_path)
    ours = load_tokenizer(tmp_path)
    assert_equal(ours, llama3_like)
    assert ours.special["<|begin_of_text|>"] == 256 + N_MERGES
    assert ours.eot_id == ours.special["<|end_of_text|>"]


def test_llama_3_has_256_special_tokens_with_the_published_ids_after_128_000_others():
    id_of = {name: 128_000 + i for i, name in enumerate(LLAMA_3_SPECIAL_TOKENS)}
    assert len(id_of) == 256
    published = {"begin_of_text": 128_000, "end_of_text": 128_001, "start_header_id": 128_006, "end_header_id": 128_007}
    published |= {"eot_id": 128_009, "reserved_special_token_5": 128_010, "reserved_special_token_250": 128_255}
    assert {name: id_of[f"<|{name}|>"] for name in published} == published


def test_a_piece_that_is_a_token_is_taken_whole_only_in_llama_3s_way():
    vocabulary = {i: bytes([i]) for i in range(256)} | {256: b"ab", 257: b"bc", 258: b"abcd"}
    merges = merges_by_rank(vocabulary)
    assert merges == [(97, 98), (98, 99)], "no two tokens make abcd"
    whole = BPETokenizer(merges, [], LLAMA_3_PATTERN, vocabulary, whole_pieces=True)
    assert whole.encode("abcd abcde") == [258, 32, 256, 99, 100, 101]
    assert BPETokenizer(merges, [], LLAMA_3_PATTERN, vocabulary).encode("abcd") == [256, 99, 100]


def ids_by_rank(piece: bytes, rank_of: dict[bytes, int]) -> list[int]:
    """tiktoken's definition: join the two neighbours whose bytes have the lowest rank, the first of equals; repeat."""
    parts = [piece[i : i + 1] for i in range(len(piece))]
    while True:
        joined = [(rank_of[a + b], i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in rank_of]
        if not joined:
            return [rank_of[part] for part in parts]
        _, i = min(joined)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]


@pytest.mark.parametrize("seed", range(100))
def test_merging_by_rank_is_merging_by_a_list_of_all_pairs_that_make_a_token(seed):
    chance = random.Random(seed)
    tokens = {"".join(chance.choices("ab", k=chance.randrange(2, 6))).encode() for _ in range(25)}
    vocabulary = dict(enumerate([*(bytes([i]) for i in range(256)), *chance.sample(sorted(tokens), len(tokens))]))
    ours = BPETokenizer(merges_by_rank(vocabulary), [], vocabulary=vocabulary)
    rank_of = {token: i for i, token in vocabulary.items()}
    for _ in range(20):
        word = "".join(chance.choices("ab", k=chance.randrange(1, 40)))
        assert ours.encode(word) == ids_by_rank(word.encode(), rank_of)


@pytest.mark.parametrize("kind", ["gpt2_like", "llama3_like"])
def test_a_loaded_tokenizer_saved_by_us_comes_back_the_same(request, kind, tmp_path):
    request.getfixturevalue(kind).save(str(tmp_path / "tokenizer.json"))
    ours = load_tokenizer(tmp_path)
    ours.save(tmp_path / "bpe.json")
    back = BPETokenizer.load(tmp_path / "bpe.json")
    assert (back.special, back.vocab_size, back.whole_pieces) == (ours.special, ours.vocab_size, ours.whole_pieces)
    assert back.encode_batch(TEXTS) == ours.encode_batch(TEXTS)
    assert ours.encode_batch(TEXTS) == [ours.encode(text) for text in TEXTS]


def test_a_special_name_in_a_file_of_others_is_ordinary_text_unless_allowed(llama3_like, tmp_path):
    write_tiktoken(llama3_like, tmp_path)
    ours = load_tokenizer(tmp_path)
    special = set(ours.special.values())
    assert special.isdisjoint(ours.encode("<|eot_id|>"))
    assert ours.encode("<|eot_id|>", allow_special=True) == [ours.special["<|eot_id|>"]]


def test_an_empty_folder_is_told_what_it_needs(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tokenizer.json, or vocab.json with merges.txt, or tokenizer.model"):
        load_tokenizer(tmp_path)


def test_a_vocabulary_without_merges_is_refused(gpt2_like, tmp_path):
    write_gpt2_pair(gpt2_like, tmp_path)
    (tmp_path / "merges.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"merges\.txt is missing in"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Ġ t h", "merges.txt, line 3: a merge is two tokens with one space between, got 'Ġ t h'"),
        ("onlyone", "line 3: a merge is two tokens"),
        ("nowhere t", "line 3: .* but 'nowhere' is not in it: are merges and vocabulary of the same"),
        ("ÿ ÿ", "line 3: .* but 'ÿÿ' is not in it"),
    ],
)
def test_a_broken_line_of_merges_is_named(gpt2_like, tmp_path, line, message):
    write_gpt2_pair(gpt2_like, tmp_path)
    lines = (tmp_path / "merges.txt").read_text(encoding="utf-8").split("\n")
    (tmp_path / "merges.txt").write_text("\n".join([*lines[:2], line, *lines[2:]]), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("????  1", r"tokenizer.model, line 2: a line is a token in base64, a space and its rank, got '\?\?\?\?  1'"),
        ("IQ== one", "line 2: a line is a token"),
        ("I=Q 7", "line 2: a line is a token"),
        ("Jyc= 0", "line 2: each rank stands once, got 0 a second time"),
        ("IQ== 9999", "line 2: b'!' has a rank already, in line 1"),
        ("c29tZXRoaW5n 9999", "ids must run from 0 without gaps"),
    ],
)
def test_a_broken_line_of_ranks_is_named(llama3_like, tmp_path, line, message):
    write_tiktoken(llama3_like, tmp_path)
    first, *others = (tmp_path / "tokenizer.model").read_text().split("\n")
    assert first == "IQ== 0"
    (tmp_path / "tokenizer.model").write_text("\n".join([first, line, *others]))
    with pytest.raises(ValueError, match=message):
        load_tokenizer(tmp_path)


def test_a_sentencepiece_file_is_recognised_as_another_kind(tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02\xff\xfe")
    with pytest.raises(ValueError, match=r"LLAMA 1 and 2 have a tokenizer.model of another kind \(SentencePiece\)"):
        load_tokenizer(tmp_path)


def test_a_vocabulary_that_lacks_bytes_is_refused():
    vocabulary = {i: bytes([i]) for i in range(255)}
    with pytest.raises(ValueError, match=r"each of the 256 bytes, got none for 1 of them, the first b'\\xff'"):
        BPETokenizer([], [], vocabulary=vocabulary)


def test_merges_of_another_vocabulary_are_refused():
    vocabulary = {i: bytes([i]) for i in range(256)}
    with pytest.raises(
        ValueError, match=r"got merge 0, \(97, 98\), with the bytes b'ab': are merges and vocabulary of"
    ):
        BPETokenizer([(97, 98)], [], vocabulary=vocabulary)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normalizer": {"type": "NFC"}}, "only plain byte-level BPE is read here, got normalizer"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "cut by GPT-2's or Llama 3's pattern.*Whitespace"),
        ({"pre_tokenizer": None}, "cut by GPT-2's or Llama 3's pattern"),
        ({"model": {"type": "WordPiece"}}, "the model must be BPE, got 'WordPiece'"),
        ({"added_tokens": [{"id": 700, "content": "  ", "special": False}]}, "got '  ', added but not special"),
        ({"added_tokens": [{"id": 700, "content": "<m>", "special": True, "lstrip": True}]}, "got lstrip of '<m>'"),
    ],
)
def test_a_tokenizer_json_that_asks_for_more_is_refused(gpt2_like, tmp_path, change, message):
    content = json.loads(gpt2_like.to_str()) | change
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        load_tokenizer(tmp_path)


def test_a_file_that_is_no_json_is_named_with_its_line(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"model":\n\n oops}')
    with pytest.raises(ValueError, match=r"tokenizer.json must be JSON, got Expecting value in line 3"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("[]")
    with pytest.raises(ValueError, match="must hold one JSON object, got a list"):
        load_tokenizer(tmp_path)


@pytest.mark.network
@pytest.mark.skipif(os.environ.get("HELPERS_NETWORK") != "1", reason="HELPERS_NETWORK=1 allows downloads")
def test_the_published_files_of_gpt2_give_the_published_ids():
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download("openai-community/gpt2", allow_patterns=["vocab.json", "merges.txt"]))
    ours = load_tokenizer(folder)
    assert (ours.vocab_size, ours.eot_id) == (50_257, 50_256)
    assert ours.encode("Hello, I'm a language model,") == [15496, 11, 314, 1101, 257, 3303, 2746, 11]
