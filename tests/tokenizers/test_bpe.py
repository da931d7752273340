import pytest

from helpers.tokenizers import BPETokenizer
from tests.tokenizers.awkward import AWKWARD, random_text
from tests.tokenizers.library import library_merges, library_twin, names


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_text_comes_back_unchanged(tokenizer, name):
    assert tokenizer.decode(tokenizer.encode(AWKWARD[name])) == AWKWARD[name]


@pytest.mark.parametrize("seed", range(50))
def test_random_text_comes_back_unchanged(tokenizer, seed):
    text = random_text(seed)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_every_byte_is_an_id_and_every_bytes_come_back(tokenizer):
    assert tokenizer.decode_bytes(range(256)) == bytes(range(256))


@pytest.mark.equals(
    "helpers.tokenizers.BPETokenizer.train",
    "tokenizers.Tokenizer.train_from_iterator",
    "merges learned from the Python manual",
)
def test_merges_equal_those_of_the_tokenizers_library(manual):
    ours = BPETokenizer.train(manual[:200_000], n_merges=500)
    name = names(ours)
    theirs = library_merges(manual[:200_000], n_merges=500)
    assert [(name[left], name[right]) for left, right in ours.merges] == theirs


@pytest.mark.equals(
    "helpers.tokenizers.BPETokenizer.train",
    "tokenizers.Tokenizer.train_from_iterator",
    "merges learned from text full of ties",
)
def test_merges_equal_those_of_the_tokenizers_library_on_text_full_of_ties():
    text = " ".join(AWKWARD.values())
    ours = BPETokenizer.train(text, n_merges=300, special_tokens=[])
    name = names(ours)
    assert [(name[left], name[right]) for left, right in ours.merges] == library_merges(text, n_merges=300)


@pytest.mark.equals(
    "helpers.tokenizers.BPETokenizer.encode", "tokenizers.Tokenizer.encode", "ids of awkward texts by the same merges"
)
@pytest.mark.parametrize("text", [*AWKWARD.values(), *map(random_text, range(10))])
def test_ids_equal_those_of_the_tokenizers_library(tokenizer, text):
    assert tokenizer.encode(text) == library_twin(tokenizer).encode(text).ids


def test_training_shortens_text_that_is_like_the_training_text(tokenizer, manual):
    held_out = manual[200_000:210_000]
    assert len(tokenizer.encode(held_out)) < 0.6 * len(held_out.encode())


def test_ids_are_bytes_then_merges_then_special_tokens():
    tokenizer = BPETokenizer.train("low low lower", n_merges=2, special_tokens=["<|endoftext|>", "<|pad|>"])
    assert tokenizer.decode_bytes([256]) == b"lo"
    assert tokenizer.decode_bytes([257]) == b"low"
    assert tokenizer.special == {"<|endoftext|>": 258, "<|pad|>": 259}
    assert (tokenizer.eot_id, tokenizer.vocab_size) == (258, 260)


def test_a_vocabulary_size_counts_bytes_merges_and_special_tokens(manual):
    tokenizer = BPETokenizer.train(manual[:20_000], vocab_size=300)
    assert tokenizer.vocab_size == 300
    assert len(tokenizer.merges) == 300 - 256 - 1


def test_special_names_are_ordinary_text_unless_allowed(tokenizer):
    text = "one<|endoftext|>two"
    assert tokenizer.eot_id not in tokenizer.encode(text)
    allowed = tokenizer.encode(text, allow_special=True)
    assert allowed == [*tokenizer.encode("one"), tokenizer.eot_id, *tokenizer.encode("two")]
    assert tokenizer.decode(allowed) == text


def test_the_longer_of_two_special_names_wins():
    tokenizer = BPETokenizer([], special_tokens=["<s>", "<s>>"])
    assert tokenizer.encode("<s>><s>", allow_special=True) == [257, 256]


def test_special_names_in_the_training_text_are_not_learned_from():
    documents = "ab<|endoftext|>" * 50
    assert BPETokenizer.train(documents, n_merges=20).merges == [(97, 98)]
    assert len(BPETokenizer.train(documents, n_merges=20, special_tokens=[]).merges) > 1


def test_training_on_many_texts_equals_training_on_their_pieces():
    texts = ["the cat sat.", "the dog sat.", "a cat!"] * 3
    assert BPETokenizer.train(iter(texts), n_merges=9).merges == BPETokenizer.train("\n".join(texts), 9).merges


def test_a_saved_tokenizer_comes_back_the_same(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "bpe.json")
    loaded = BPETokenizer.load(tmp_path / "bpe.json")
    assert (loaded.merges, loaded.special) == (tokenizer.merges, tokenizer.special)
    text = AWKWARD["chinese"] + AWKWARD["code"] + "<|endoftext|>"
    assert loaded.encode(text, allow_special=True) == tokenizer.encode(text, allow_special=True)


def test_a_saved_tokenizer_still_takes_whole_pieces_at_once(tmp_path):
    whole = BPETokenizer([(97, 98), (98, 99), (256, 99)], whole_pieces=True)
    assert whole.encode("abc") == [258]
    whole.save(tmp_path / "bpe.json")
    assert BPETokenizer.load(tmp_path / "bpe.json").whole_pieces


def test_a_batch_is_each_text_alone(tokenizer):
    texts = list(AWKWARD.values())
    assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]


def test_a_full_cache_changes_no_ids(tokenizer, monkeypatch):
    fresh = BPETokenizer(tokenizer.merges)
    monkeypatch.setattr(type(fresh._ids_of), "MAX_PIECES", 3)
    assert fresh.encode(AWKWARD["code"]) == tokenizer.encode(AWKWARD["code"])
    assert len(fresh._ids_of) == 3


def test_half_a_character_decodes_to_the_replacement_sign_and_keeps_its_bytes(tokenizer):
    first_byte = "é".encode()[:1]
    assert tokenizer.decode([first_byte[0]]) == "\ufffd"
    assert tokenizer.decode_bytes([first_byte[0]]) == first_byte


def test_tokens_show_white_space_and_stray_bytes():
    tokenizer = BPETokenizer.train("the the the", n_merges=3)
    assert tokenizer.tokens("the the\n好") == ["the", "·the", "↵", "<e5>", "<a5>", "<bd>"]


def test_a_lone_surrogate_is_refused_with_its_position(tokenizer):
    with pytest.raises(ValueError, match=r"lone surrogate '\\ud800' at position 3"):
        tokenizer.encode("abc\ud800")
    with pytest.raises(ValueError, match="lone surrogate"):
        BPETokenizer.train("abc\udfff", n_merges=1)


def test_merges_in_an_impossible_order_are_refused():
    with pytest.raises(ValueError, match="merge 0 may only join ids below 256"):
        BPETokenizer([(257, 97), (97, 98)])


@pytest.mark.parametrize("sizes", [{}, {"n_merges": 5, "vocab_size": 300}, {"vocab_size": 256}, {"n_merges": -1}])
def test_a_size_that_cannot_be_is_refused(sizes):
    with pytest.raises(ValueError, match="n_merges="):
        BPETokenizer.train("text", **sizes)


@pytest.mark.parametrize("special", ["<|endoftext|>", ["<a>", "<a>"], [""]])
def test_special_tokens_that_are_not_distinct_names_are_refused(special):
    with pytest.raises(ValueError, match="special"):
        BPETokenizer([], special_tokens=special)


def test_a_tokenizer_without_an_end_of_text_says_so():
    with pytest.raises(KeyError, match="endoftext"):
        BPETokenizer([], special_tokens=[]).eot_id  # noqa: B018


def test_ids_that_name_no_token_are_refused():
    tokenizer = BPETokenizer([])
    for bad in (-1, tokenizer.vocab_size):
        with pytest.raises(ValueError, match=f"ids are from 0 to {tokenizer.vocab_size - 1}, got {bad} to {bad}"):
            tokenizer.decode([bad])
